import pytest

from dokkupy.errors import DokkupyError, Refused, UsageError
from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.proxy import NoProxy
from dokkupy.store import Store
from dokkupy.types import Environment, Release
from dokkupy_deploy_notes import operations

APP = AppName("blog")


@pytest.fixture
def platform(tmp_path):
    platform = Platform(tmp_path, proxy=NoProxy(), plugins=["deploy-notes"])
    platform.paths.make()
    Store.create(platform.paths.state_db)
    platform.store.apps.create(APP)
    yield platform
    platform.close()


def release(number):
    return Release(
        app=APP,
        number=number,
        image="sha256:0",
        revision="0" * 40,
        builder="test",
        processes=(),
        env=Environment(),
        config=Environment(),
        description="a test",
        actor="test",
        created_at=0.0,
    )


def test_the_note_becomes_a_header(platform):
    assert platform.hooks.nginx_render(app=APP) == {}
    platform.properties.set("deploy-notes", APP, "note", "summer sale")
    assert platform.hooks.nginx_render(app=APP) == {
        "deploy-notes": 'add_header X-Deploy-Note "summer sale" always;'
    }


@pytest.mark.parametrize("note", ['a "b"', "$host", "a\\", "a\nb", "é", "x" * 101])
def test_a_note_that_could_break_out_of_its_quotes_is_refused(platform, note):
    with pytest.raises(UsageError):
        platform.properties.set("deploy-notes", APP, "note", note)


def test_each_deploy_keeps_the_note_and_what_changed_before_it(platform):
    platform.properties.set("deploy-notes", APP, "note", "first")
    platform.store.config.change(APP, {"GREETING": "hi"})
    platform.hooks.post_deploy(release=release(1))
    platform.hooks.post_deploy(release=release(2))
    found = [(n.release, n.note, n.config_changed) for n in operations.list_(platform, APP)]
    assert found == [(2, "first", ()), (1, "first", ("GREETING",))]


def test_a_freeze_stops_the_switch_and_names_the_plugin(platform):
    platform.hooks.check_deploy(release=release(1), instances=())
    platform.properties.set("deploy-notes", APP, "note", "freeze: until Monday")
    with pytest.raises(Refused, match="blog are frozen: until Monday") as caught:
        platform.hooks.check_deploy(release=release(1), instances=())
    assert isinstance(caught.value, DokkupyError)
    assert "deploy-notes" in caught.value.message
