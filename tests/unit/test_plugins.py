"""One bad plugin is named and left out; the others go on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dokkupy.errors import PluginError
from dokkupy.index import Index
from dokkupy.index_build import build
from dokkupy.plugins import (
    PluginState,
    Selection,
    disabled_plugins,
    discover,
    gate,
    load,
    selection,
    set_disabled_plugins,
)

if TYPE_CHECKING:
    from tests.unit.conftest import Site

GOOD = """
    @hookimpl
    def vhosts(app):
        return []
"""


def states(*names: str) -> dict[str, PluginState]:
    index, _ = build(Selection(only=frozenset(names)))
    return {plugin.name: plugin for plugin in index.plugins if plugin.name in names}


def indexed(*names: str) -> Index:
    return build(Selection(only=frozenset(names)))[0]


def test_plugins_come_in_the_order_of_their_names(site: Site) -> None:
    for name in ("zeta", "alpha", "mid"):
        site.install(name, GOOD)
    found = [plugin.name for plugin in discover(Selection())]
    assert found == sorted(found)
    assert {"alpha", "mid", "zeta"} <= set(found)


def test_a_good_plugin_is_enabled_with_its_hooks(site: Site) -> None:
    site.install("good", GOOD)
    assert states("good")["good"] == PluginState(
        name="good",
        distribution="dokkupy-plugin-good",
        version="1.2.3",
        module="probe_good.plugin",
        hooks=("vhosts",),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
        ("import probe_nowhere", "No module named 'probe_nowhere'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def (:", "SyntaxError"),
    ],
)
def test_a_plugin_that_raises_at_import_is_broken_and_stops_nobody(
    site: Site, text: str, reason: str
) -> None:
    site.install("bad", text)
    site.install("good", GOOD)
    found = states("bad", "good")
    assert found["good"].state == "enabled"
    assert found["bad"].state == "broken"
    assert reason in found["bad"].reason
    assert "dokkupy plugin disable bad" in found["bad"].remedy
    assert found["bad"].hooks == ()


def test_the_line_that_raised_is_in_the_reason(site: Site) -> None:
    home = site.install("bad", "x = 1\nx / 0")
    assert f"({home}/plugin.py:4)" in states("bad")["bad"].reason


def test_the_line_that_is_no_python_is_in_the_reason(site: Site) -> None:
    home = site.install("alpha", "\ndef (\n")
    reason = states("alpha")["alpha"].reason
    assert f"SyntaxError: invalid syntax ({home / 'plugin.py'}:4)" in reason


def test_what_a_plugin_prints_at_import_is_no_part_of_an_answer(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.install("alpha", "print('made with love')\n")
    states("alpha")
    said = capsys.readouterr()
    assert (said.out, "made with love" in said.err) == ("", True)


def test_a_plugin_for_another_api_is_not_imported_and_says_what_to_do(site: Site) -> None:
    site.install("future", "raise RuntimeError('imported')", api=">=2,<3")
    found = states("future")["future"]
    assert found.state == "incompatible"
    assert "made for plugin API >=2,<3; this dokkupy has 1.0" in found.reason
    assert "pip install --upgrade dokkupy dokkupy-plugin-future" in found.remedy


def test_a_plugin_that_declares_no_range_is_not_imported(site: Site) -> None:
    home = site.install("vague", "")
    (home / "plugin.py").write_text("raise RuntimeError('imported')\n")
    found = states("vague")["vague"]
    assert found.state == "incompatible"
    assert "PLUGIN_API" in found.reason


def test_a_range_that_is_none_is_broken(site: Site) -> None:
    site.install("typo", GOOD, api="1 or so")
    assert states("typo")["typo"].state == "broken"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("@hookimpl\ndef vhosts(domain): ...", "domain"),
        ("@hookimpl\ndef pre_launch(app): ...", "pre_launch"),
        ("@hookimpl(wrapper=True)\ndef vhosts(app):\n    return (yield)", "wrapper"),
    ],
)
def test_an_implementation_that_fits_no_hook_breaks_its_plugin(
    site: Site, text: str, reason: str
) -> None:
    site.install("odd", text)
    found = states("odd")["odd"]
    assert found.state == "broken"
    assert reason in found.reason


def test_a_hook_that_a_later_dokkupy_may_have_can_be_marked_optional(site: Site) -> None:
    site.install("early", "@hookimpl(optionalhook=True)\ndef pre_launch(app): ...")
    assert states("early")["early"].state == "enabled"


def test_a_disabled_plugin_is_never_imported(site: Site) -> None:
    site.install("off", "raise RuntimeError('imported')")
    index, _ = build(Selection(only=frozenset({"off"}), disabled=frozenset({"off"})))
    found = index.plugin("off")
    assert found is not None
    assert (found.state, found.remedy) == ("disabled", "dokkupy plugin enable off")
    assert "probe_off" not in sys.modules


def test_only_the_plugins_that_are_named_take_part(site: Site) -> None:
    site.install("one", GOOD)
    site.install("two", "raise RuntimeError('imported')")
    index, _ = build(Selection(only=frozenset({"one"})))
    assert {plugin.name for plugin in index.plugins if plugin.state == "enabled"} == {"one"}


def test_one_name_in_two_distributions_belongs_to_the_first(site: Site) -> None:
    site.install("twin", GOOD, distribution="aaa-twin")
    home = site.install("twin-b", GOOD, distribution="zzz-twin", version="9")
    info = home.parent / "zzz_twin-9.dist-info" / "entry_points.txt"
    info.write_text("[dokkupy.plugins]\ntwin = probe_twin_b.plugin\n")
    found = [plugin for plugin in discover(Selection()) if plugin.name == "twin"]
    assert [(plugin.distribution, plugin.state) for plugin in found] == [
        ("aaa-twin", "enabled"),
        ("zzz-twin", "broken"),
    ]
    assert "aaa-twin 1.2.3" in found[1].reason


OPERATIONS = """
    from dokkupy import operation

    @operation(summary="Say hello")
    def hello(platform) -> str:
        return "hello"
"""


def registering(package: str, noun: str) -> str:
    return f"""
    @hookimpl
    def register_operations():
        return {{"{noun}": "probe_{package}.operations"}}
    """


def test_a_plugin_brings_its_commands(site: Site) -> None:
    site.install("greet", registering("greet", "greet"), operations=OPERATIONS)
    command = indexed("greet").commands["greet"]["hello"]
    assert (command.summary, command.plugin) == ("Say hello", "greet")


def test_two_plugins_may_share_a_noun(site: Site) -> None:
    site.install("one", registering("one", "talk"), operations=OPERATIONS)
    site.install(
        "two", registering("two", "talk"), operations=OPERATIONS.replace("hello(", "goodbye(")
    )
    assert set(indexed("one", "two").commands["talk"]) == {"hello", "goodbye"}


def test_a_command_that_two_plugins_claim_stays_with_the_first(site: Site) -> None:
    site.install("one", registering("one", "talk"), operations=OPERATIONS)
    site.install("two", registering("two", "talk"), operations=OPERATIONS, version="4.5.6")
    index = indexed("one", "two")
    two = index.plugin("two")
    assert two is not None
    assert two.state == "broken"
    assert "`talk hello`" in two.reason
    assert "one (dokkupy-plugin-one 1.2.3)" in two.reason
    assert (two.distribution, two.version) == ("dokkupy-plugin-two", "4.5.6")
    assert index.commands["talk"]["hello"].plugin == "one"


@pytest.mark.parametrize(("noun", "verb"), [("apps", "create"), ("logs", "hello"), ("", "apps")])
def test_a_command_of_the_core_cannot_be_taken_over(site: Site, noun: str, verb: str) -> None:
    text = OPERATIONS.replace("hello(", f"{verb}(")
    site.install("greedy", registering("greedy", noun), operations=text)
    index = indexed("greedy")
    greedy = index.plugin("greedy")
    assert greedy is not None
    assert greedy.state == "broken"
    assert "the core (dokkupy" in greedy.reason
    assert index.commands["apps"]["create"].plugin == ""


def test_an_operations_module_that_raises_breaks_its_plugin_alone(site: Site) -> None:
    site.install("bad", registering("bad", "bad"), operations="raise RuntimeError('no luck')")
    site.install("good", registering("good", "good"), operations=OPERATIONS)
    index = indexed("bad", "good")
    assert "bad" not in index.commands
    assert "good" in index.commands
    bad = index.plugin("bad")
    assert bad is not None
    assert "no luck" in bad.reason


def settings(**properties: str) -> str:
    items = ", ".join(
        f"Property(name={name.replace('_', '-')!r}, help='x', {rest})"
        for name, rest in properties.items()
    )
    return f"""
    from dokkupy.types import Property, PropertyGroup

    @hookimpl
    def register_properties():
        return PropertyGroup(noun="tune", properties=({items},))
    """


def test_declared_settings_give_their_noun_a_set_and_a_report(site: Site) -> None:
    site.install("tune", settings(size="type=int"))
    index = indexed("tune")
    assert set(index.commands["tune"]) == {"set", "report"}
    assert index.properties == {"tune": "tune"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (settings(size="type=str, pattern='('"), "pattern"),
        (settings(Size="type=str"), "lower-case"),
        ("@hookimpl\ndef register_properties():\n    return []", "PropertyGroup"),
    ],
)
def test_settings_that_cannot_be_break_their_plugin(site: Site, text: str, reason: str) -> None:
    site.install("tune", text)
    found = states("tune")["tune"]
    assert found.state == "broken"
    assert reason in found.reason


def test_a_file_of_the_root_says_which_plugins_are_off(tmp_path: Path) -> None:
    assert disabled_plugins(tmp_path) == frozenset()
    set_disabled_plugins(tmp_path, {"two", "one"})
    assert disabled_plugins(tmp_path) == {"one", "two"}
    assert selection(tmp_path, None) == Selection(disabled=frozenset({"one", "two"}))


def test_the_variable_restricts_what_the_root_has_left_on(tmp_path: Path) -> None:
    assert selection(tmp_path, "a, b,") == Selection(only=frozenset({"a", "b"}))
    assert selection(tmp_path, "") == Selection(only=frozenset())


def test_loading_never_raises_for_a_module_that_is_not_there() -> None:
    ghost = PluginState(name="g", distribution="d", version="1", module="probe_ghost.plugin")
    assert gate(ghost).state == "broken"
    assert load(ghost).plugin.state == "broken"


def test_the_commands_of_the_core_are_each_there_once() -> None:
    index, _ = build(Selection(only=frozenset()))
    titles = [command.title for verbs in index.commands.values() for command in verbs.values()]
    assert len(titles) == len(set(titles))
    assert {"apps create", "config set", "plugin list", "rollback", "checks set"} <= set(titles)


def test_a_default_command_is_at_most_one_for_a_noun() -> None:
    index, _ = build(Selection(only=frozenset()))
    for noun, verbs in index.commands.items():
        assert sum(command.default for command in verbs.values()) <= 1, noun


def test_an_error_of_the_signature_names_the_operation(site: Site) -> None:
    text = OPERATIONS.replace("(platform)", "(platform, *words)")
    site.install("loose", registering("loose", "loose"), operations=text)
    assert "probe_loose.operations.hello must name" in states("loose")["loose"].reason
    assert issubclass(PluginError, Exception)
