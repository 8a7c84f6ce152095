from dokkupy.testing.suites import PluginContract


class TestDeployNotes(PluginContract):
    name = "deploy-notes"

    def use(self, platform, app):
        platform.properties.set("deploy-notes", app, "note", "hello")
        platform.store.config.change(app, {"GREETING": "hi"})
