import pytest

from dokkupy.errors import Refused, UsageError
from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.proxy import NoProxy
from dokkupy.store import Store
from dokkupy.types import Build, Environment, Failure, Release
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


def kept(platform):
    return [
        (n.what, n.release, n.note, n.built_by, n.config_changed, n.cause)
        for n in operations.list_(platform, APP)
    ]


def build():
    return Build(app=APP, builder="test", image="sha256:0")


def test_each_deploy_keeps_the_note_and_what_led_to_it(platform):
    platform.properties.set("deploy-notes", APP, "note", "first")
    platform.store.config.change(APP, {"GREETING": "hi"})
    platform.hooks.post_build(build=build())
    platform.hooks.post_deploy(release=release(1))
    platform.hooks.post_deploy(release=release(2))
    assert kept(platform) == [
        ("deployed", 2, "first", "", (), ""),
        ("deployed", 1, "first", "test", ("GREETING",), ""),
    ]


def test_a_deploy_that_fails_is_kept_with_its_cause(platform):
    platform.hooks.app_created(app=APP)
    platform.hooks.post_build(build=build())
    failure = Failure(process="web.1", cause="web.1 ended with exit code 1.")
    platform.hooks.deploy_failed(app=APP, failure=failure)
    assert kept(platform) == [
        ("failed", None, "", "test", (), "web.1 ended with exit code 1."),
        ("created", None, "", "", (), ""),
    ]


def test_no_more_than_twenty_notes_are_kept(platform):
    for number in range(1, 30):
        platform.hooks.post_deploy(release=release(number))
    assert [note[1] for note in kept(platform)] == list(range(29, 9, -1))


@pytest.mark.parametrize(
    "refused",
    [
        lambda hooks: hooks.pre_deploy(release=release(1)),
        lambda hooks: hooks.check_deploy(release=release(1), instances=()),
        lambda hooks: hooks.app_destroying(app=APP),
    ],
)
def test_a_freeze_stops_deploys_and_destruction_and_names_the_plugin(platform, refused):
    refused(platform.hooks)
    platform.properties.set("deploy-notes", APP, "note", "freeze: until Monday")
    with pytest.raises(Refused, match="blog is frozen .*: until Monday") as caught:
        refused(platform.hooks)
    assert "deploy-notes" in caught.value.message


def test_a_closed_app_shows_its_note_on_a_page(platform):
    platform.properties.set("deploy-notes", APP, "note", "closed: <back> on 2 January")
    directives = platform.hooks.nginx_render(app=APP)["deploy-notes"]
    assert directives == (
        "error_page 503 @deploy_notes;\n"
        'if ($uri !~ "^/\\.well-known/acme-challenge/") { return 503; }\n'
        "location @deploy_notes {\n"
        "    default_type text/html;\n"
        "    add_header Retry-After 3600 always;\n"
        "    return 503 \"<!doctype html><meta charset='utf-8'><title>Closed</title>"
        '<h1>blog is closed</h1><p>&lt;back&gt; on 2 January</p>";\n'
        "}\n"
    )
