"""Hooks: who is called when, what becomes of the answers, whom a failure stops."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pluggy
import pytest

from dokkupy import hookspecs, jobs, runner
from dokkupy.errors import DokkupyError, NotFound, PluginError, Refused
from dokkupy.hooks import Hooks
from dokkupy.hookspecs import POLICIES
from dokkupy.names import AppName
from dokkupy.paths import Paths

from .plugin_texts import hosts, noting

if TYPE_CHECKING:
    from tests.unit.conftest import Site

APP = AppName("a")
PASSED_ON: Any = object()
"""Stands for what a hook hands on and never looks at."""
CALLS: dict[str, Callable[[Hooks], Any]] = {
    "register_builders": lambda hooks: hooks.register_builders(),
    "register_proxies": lambda hooks: hooks.register_proxies(),
    "provide_image": lambda hooks: hooks.provide_image(reference="x", on_line=print),
    "certificate_for": lambda hooks: hooks.certificate_for(app=APP),
    "env_compile": lambda hooks: hooks.env_compile(app=APP, phase="run"),
    "build_options": lambda hooks: hooks.build_options(app=APP),
    "container_options": lambda hooks: hooks.container_options(app=APP, process="web"),
    "vhosts": lambda hooks: hooks.vhosts(app=APP),
    "nginx_render": lambda hooks: hooks.nginx_render(app=APP),
    "app_created": lambda hooks: hooks.app_created(app=APP),
    "app_cloned": lambda hooks: hooks.app_cloned(app=APP, origin=AppName("b")),
    "app_renamed": lambda hooks: hooks.app_renamed(app=APP, before=AppName("b")),
    "app_destroying": lambda hooks: hooks.app_destroying(app=APP),
    "app_destroyed": lambda hooks: hooks.app_destroyed(app=APP),
    "pre_build": lambda hooks: hooks.pre_build(source=PASSED_ON),
    "post_build": lambda hooks: hooks.post_build(build=PASSED_ON),
    "pre_deploy": lambda hooks: hooks.pre_deploy(release=PASSED_ON),
    "check_deploy": lambda hooks: hooks.check_deploy(release=PASSED_ON, instances=()),
    "post_deploy": lambda hooks: hooks.post_deploy(release=PASSED_ON),
    "deploy_failed": lambda hooks: hooks.deploy_failed(app=APP, failure=PASSED_ON),
    "on_event": lambda hooks: hooks.on_event(event=PASSED_ON),
}
"""Every hook that is called while dokkupy works; the others are asked for the index."""
ABORTING = sorted(name for name in CALLS if POLICIES[name] in ("decide", "contribute", "veto"))
TOLERANT = sorted(name for name in CALLS if POLICIES[name] in ("register", "isolated"))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the list that plugins made by `noting` write to."""
    found: list[str] = []
    monkeypatch.setitem(sys.modules, "probe_calls", found)
    return found


def test_every_hook_has_a_policy_a_method_and_a_test() -> None:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    specified = {name for name in vars(manager.hook) if not name.startswith("_")}
    assert specified == set(POLICIES)
    asked_for_the_index = {"register_operations", "register_properties", "register_services"}
    assert specified == set(CALLS) | asked_for_the_index
    for name in CALLS:
        assert callable(getattr(Hooks, name))


@pytest.mark.parametrize("hook", sorted(CALLS))
def test_a_hook_that_nobody_implements_imports_no_plugin(
    site: Site, hooks_of: Callable[..., Hooks], hook: str
) -> None:
    other = "vhosts" if hook != "vhosts" else "env_compile"
    site.install("idle", noting("idle", other))
    assert hooks_of("idle").index.complete
    site.forget()
    hooks = hooks_of("idle")
    CALLS[hook](hooks)
    assert "probe_idle.plugin" not in sys.modules
    assert hooks.warnings == []


def test_plugins_are_called_by_name_with_first_and_last_ones_around(
    site: Site, hooks_of: Callable[..., Hooks], calls: list[str]
) -> None:
    site.install("delta", noting("delta", "vhosts"))
    site.install("alpha", noting("alpha", "vhosts", options="(trylast=True)"))
    site.install("gamma", noting("gamma", "vhosts", options="(tryfirst=True)"))
    site.install("beta", noting("beta", "vhosts"))
    hooks_of("alpha", "beta", "gamma", "delta").vhosts(app=APP)
    assert calls == ["gamma", "beta", "delta", "alpha"]


@pytest.mark.parametrize("hook", ABORTING)
def test_an_exception_aborts_and_names_plugin_version_and_hook(
    site: Site, hooks_of: Callable[..., Hooks], calls: list[str], hook: str
) -> None:
    home = site.install("bad", f"@hookimpl\ndef {hook}():\n    raise ValueError('no luck')")
    site.install("good", noting("good", hook))
    with pytest.raises(PluginError) as caught:
        CALLS[hook](hooks_of("bad", "good"))
    message = caught.value.message
    assert f"bad (dokkupy-plugin-bad 1.2.3), hook {hook}," in message
    assert f"ValueError: no luck ({home}/plugin.py:5)" in message
    assert caught.value.hint == "dokkupy plugin disable bad"
    assert calls == []


@pytest.mark.parametrize("hook", ABORTING)
def test_a_dokkupy_error_keeps_its_class_and_hint_and_gains_the_names(
    site: Site, hooks_of: Callable[..., Hooks], hook: str
) -> None:
    site.install(
        "strict",
        f"""
        from dokkupy.errors import Refused
        @hookimpl
        def {hook}():
            raise Refused("Not on a Friday.", hint="Wait.")
        """,
    )
    with pytest.raises(Refused) as caught:
        CALLS[hook](hooks_of("strict"))
    assert caught.value.message == (
        f"Not on a Friday. [plugin strict (dokkupy-plugin-strict 1.2.3), hook {hook}]"
    )
    assert str(caught.value) == caught.value.message
    assert caught.value.hint == "Wait."


@pytest.mark.parametrize("hook", TOLERANT)
@pytest.mark.parametrize("error", ["ValueError('no luck')", "SystemExit(3)"])
def test_an_exception_in_an_isolated_or_registering_hook_stops_nobody(
    site: Site, hooks_of: Callable[..., Hooks], calls: list[str], hook: str, error: str
) -> None:
    site.install("bad", f"@hookimpl\ndef {hook}():\n    raise {error}")
    site.install("good", noting("good", hook))
    hooks = hooks_of("bad", "good")
    heard: list[DokkupyError] = []
    hooks.on_warning = heard.append
    CALLS[hook](hooks)
    assert calls == ["good"]
    assert hooks.warnings == heard
    assert f"bad (dokkupy-plugin-bad 1.2.3), hook {hook}," in heard[0].message


def test_an_interrupt_is_never_swallowed_and_names_the_hook_that_was_at_work(
    site: Site, hooks_of: Callable[..., Hooks]
) -> None:
    site.install("slow", "@hookimpl\ndef post_deploy():\n    raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt) as caught:
        hooks_of("slow").post_deploy(release=PASSED_ON)
    [note] = caught.value.__notes__
    assert "slow (dokkupy-plugin-slow 1.2.3), hook post_deploy" in note
    assert "dokkupy plugin disable slow" in note


def test_the_first_plugin_that_decides_ends_the_question(
    site: Site, hooks_of: Callable[..., Hooks], calls: list[str]
) -> None:
    site.install("one", noting("one", "provide_image"))
    site.install("two", noting("two", "provide_image", "True"))
    site.install("zwei", noting("zwei", "provide_image", "True"))
    assert hooks_of("one", "two", "zwei").provide_image(reference="x", on_line=print) is True
    assert calls == ["one", "two"]
    assert hooks_of("one").provide_image(reference="x", on_line=print) is False


def test_an_implementation_gets_the_arguments_that_it_names(
    site: Site, hooks_of: Callable[..., Hooks]
) -> None:
    site.install(
        "nosy",
        """
        @hookimpl
        def nginx_render(app, platform):
            return f"# {app} in {platform.paths.root.name}"
        """,
    )
    assert hooks_of("nosy").nginx_render(app=APP) == {"nosy": "# a in root"}


@pytest.mark.parametrize(
    ("hook", "answer"),
    [
        ("vhosts", "['plain text']"),
        ("env_compile", "[{'A': '1'}]"),
        ("build_options", "['curl']"),
        ("container_options", "['network']"),
        ("nginx_render", "7"),
    ],
)
def test_an_answer_of_another_type_is_the_plugins_mistake(
    site: Site, hooks_of: Callable[..., Hooks], hook: str, answer: str
) -> None:
    site.install("loose", f"@hookimpl\ndef {hook}():\n    return {answer}")
    with pytest.raises(PluginError, match=r"loose \(dokkupy-plugin-loose 1\.2\.3\)"):
        CALLS[hook](hooks_of("loose"))


def test_a_plugin_that_broke_since_the_index_was_made_is_left_out_with_a_warning(
    site: Site, hooks_of: Callable[..., Hooks]
) -> None:
    site.install("moody", hosts("a.example") + "import probe_mood\n")
    (site.folder / "probe_mood.py").write_text("")
    assert hooks_of("moody").vhosts(app=APP) == ["a.example"]
    (site.folder / "probe_mood.py").write_text("raise RuntimeError('bad day')")
    sys.modules.pop("probe_mood", None)
    site.forget()
    hooks = hooks_of("moody")
    assert hooks.vhosts(app=APP) == []
    assert hooks.vhosts(app=APP) == []
    assert len(hooks.warnings) == 1
    assert "bad day" in hooks.warnings[0].message
    assert hooks.warnings[0].hint
    sys.modules.pop("probe_mood", None)


def test_a_plugin_that_should_take_part_and_cannot_is_told_of_once(
    site: Site, hooks_of: Callable[..., Hooks]
) -> None:
    site.install("sick", "raise RuntimeError('no luck')")
    site.install("late", "", api=">=2")
    hooks = hooks_of("sick", "late")
    hooks.vhosts(app=APP)
    hooks.env_compile(app=APP, phase="run")
    late, sick = hooks.warnings
    assert "late (dokkupy-plugin-late 1.2.3) is incompatible" in late.message
    assert "sick (dokkupy-plugin-sick 1.2.3) is broken" in sick.message
    assert sick.hint == "dokkupy plugin install --upgrade sick, or dokkupy plugin disable sick"


def test_settings_are_asked_of_the_plugin_that_declares_them_alone(
    site: Site, hooks_of: Callable[..., Hooks]
) -> None:
    for name in ("one", "two"):
        site.install(
            name,
            f"""
            from dokkupy.types import Property, PropertyGroup
            @hookimpl
            def register_properties():
                return PropertyGroup(noun="{name}", properties=())
            """,
        )
    assert hooks_of("one", "two").index.complete
    site.forget()
    assert hooks_of("one", "two").register_properties("two").noun == "two"
    assert "probe_one.plugin" not in sys.modules
    with pytest.raises(NotFound, match="'three'"):
        hooks_of("one", "two").register_properties("three")


def test_a_module_added_by_hand_takes_part(hooks_of: Callable[..., Hooks], site: Site) -> None:
    from importlib import import_module

    site.install("manual", hosts("a.example"))
    hooks = hooks_of()
    hooks.add("by-hand", import_module("probe_manual.plugin"))
    assert hooks.vhosts(app=APP) == ["a.example"]
    assert "by-hand" in [plugin.name for plugin in hooks.plugins if plugin.state == "enabled"]


def test_a_job_tells_of_hooks_that_failed_beside_it_in_its_log(
    site: Site,
    paths: Paths,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    site.install(
        "bad",
        "@hookimpl\ndef app_created():\n    raise ValueError('no luck')",
        work="def work(platform, send, app):\n    platform.hooks.app_created(app=app)",
    )
    monkeypatch.setenv("DOKKUPY_PLUGINS", "bad")
    request = {"kind": "probe", "app": "a", "arguments": {}, "actor": ""}
    end = runner._do(paths.root, request, {"probe": "probe_bad.work:work"})
    assert end == {"ok": True, "result": None}
    stream, text = jobs.decode(capfdbinary.readouterr().out.removesuffix(b"\n"))
    assert stream == "warning"
    assert "bad (dokkupy-plugin-bad 1.2.3), hook app_created, failed: ValueError: no luck" in text
