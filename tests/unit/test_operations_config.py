"""Operations on config: byte for byte, one change at a time, told without values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dokkupy import pipeline
from dokkupy.errors import DeployFailed, DokkupyError, NotFound, UsageError
from dokkupy.names import AppName
from dokkupy.operations import apps
from dokkupy.operations.config import Layer, Variable
from dokkupy.testing.engine_fake import BASE
from dokkupy.testing.program import Program
from dokkupy.testing.sources import commit

if TYPE_CHECKING:
    from tests.unit.asked import Asked
    from tests.unit.shop import Shop

BLOG = AppName("blog")
AWKWARD = {
    "SPACES": "  a  b  ",
    "QUOTES": 'it\'s "quoted" \\ `id`',
    "LINES": "one\ntwo\r\n\n",
    "DOLLAR": "$HOME $(id)",
    "EQUALS": "a=b==",
    "EMOJI": "\N{PARTY POPPER}",
    "EMPTY": "",
    "LARGE": "x" * 64 * 1024,
}


def set_(ask: Asked, *pairs: str, scope: str = "shop", restart: bool = True) -> object:
    return ask("config set", scope=scope, pairs=pairs, restart=restart)


# Setting.


def test_values_are_set_and_got_to_the_byte(ask: Asked, shop: Shop) -> None:
    set_(ask, *(f"{key}={value}" for key, value in AWKWARD.items()))
    for key, value in AWKWARD.items():
        assert ask("config get", scope="shop", key=key) == value


def test_values_are_to_the_byte_in_the_container_too(ask: Asked, shop: Shop) -> None:
    set_(ask, *(f"{key}={value}" for key, value in AWKWARD.items()))
    shop.push(web=Program(listen="0.0.0.0", show=tuple(AWKWARD)))
    [container] = shop.containers()
    expected = "\n".join(f"{key}={value}" for key, value in AWKWARD.items()).encode()
    assert b"\n".join(shop.engine.logs(container.id)) == expected


def test_config_of_an_app_that_was_never_deployed_is_just_kept(ask: Asked, shop: Shop) -> None:
    changed = ask("config set", scope="shop", pairs=["A=1", "B=2"])
    assert (changed.keys, changed.deployments) == (("A", "B"), ())
    assert changed.text() == "Config of shop changed: A, B"
    assert ask.jobs == []
    assert shop.store.config.get("shop") == {"A": "1", "B": "2"}


def test_several_pairs_make_one_release_of_a_deployed_app(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    changed = ask("config set", scope="shop", pairs=["A=1", "B=2"])
    assert ask.jobs == ["change-config"]
    assert [deployment.release for deployment in changed.deployments] == [2]
    assert shop.releases() == [(1, "superseded"), (2, "live")]
    shop.assert_serves("one", ["web.1 of 2"])


def test_what_is_set_already_makes_no_release(ask: Asked, shop: Shop) -> None:
    set_(ask, "A=1")
    shop.push(web="one")
    assert ask("config set", scope="shop", pairs=["A=1"]).text() == "Nothing to do"
    assert ask("config unset", scope="shop", keys=["B"]).text() == "Nothing to do"
    assert ask.jobs == []


def test_the_containers_can_be_left_alone(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    before = shop.references()
    changed = ask("config set", scope="shop", pairs=["A=1"], restart=False)
    assert (changed.keys, changed.deployments) == (("A",), ())
    assert shop.references() == before
    assert shop.store.config.get("shop") == {"A": "1"}


def test_a_change_that_fails_changes_nothing_and_says_why(ask: Asked, shop: Shop) -> None:
    shop.push(web=Program(listen="0.0.0.0", body="one", line=("starting",)))
    [process] = shop.store.releases.get(shop.name, 1).processes
    shop.engine.program(Program(exits=4, line=("bad value",)), matching=process.command[-1])
    with pytest.raises(DeployFailed, match="exit code 4") as error:
        set_(ask, "A=hunter2")
    assert error.value.detail == "bad value"
    assert shop.store.config.get("shop") == {}
    assert shop.releases() == [(1, "live"), (2, "failed")]
    shop.assert_serves("one", ["web.1 of 1"])


@pytest.mark.parametrize(
    "pairs",
    [[], ["A"], ["1A=b"], ["A-B=c"], ["=b"], ["A=1", "B"], ["A=1\0"], ["A=" + "x" * 200 * 1024]],
    ids=lambda pairs: ascii(pairs)[:20],
)
def test_a_wrong_pair_is_refused_and_the_right_ones_beside_it_too(
    ask: Asked, shop: Shop, pairs: list[str]
) -> None:
    with pytest.raises(UsageError) as error:
        ask("config set", scope="shop", pairs=["GOOD=1", *pairs] if pairs else [])
    assert "xxx" not in error.value.message
    assert shop.store.config.get("shop") == {}


@pytest.mark.parametrize(
    ("title", "more"),
    [
        ("config set", {"pairs": ["A=1"]}),
        ("config unset", {"keys": ["A"]}),
        ("config get", {"key": "A"}),
        ("config show", {}),
        ("config export", {}),
    ],
)
def test_the_config_of_an_unknown_app_is_told_missing(
    ask: Asked, shop: Shop, title: str, more: dict[str, Any]
) -> None:
    with pytest.raises(NotFound, match="App shpo does not exist") as error:
        ask(title, scope="shpo", **more)
    assert error.value.hint == "Did you mean shop?"


def test_unsetting_removes_the_named_alone(ask: Asked, shop: Shop) -> None:
    set_(ask, "A=1", "B=2", "C=3")
    assert ask("config unset", scope="shop", keys=["A", "X", "B"]).keys == ("A", "B")
    assert shop.store.config.get("shop") == {"C": "3"}


# For all apps.


def add_blog(shop: Shop, program: Program) -> None:
    apps.create(shop.platform, BLOG)
    shop.engine.program(program, matching="the-blog")
    files = {"Dockerfile": f"FROM {BASE}\n# blog\n", "Procfile": "web: the-blog"}
    commit(shop.platform, BLOG, files)
    pipeline.deploy(shop.platform, shop.told.append, app=BLOG, revision="main")


def test_global_config_comes_to_every_deployed_app(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    add_blog(shop, Program(listen="0.0.0.0"))
    apps.create(shop.platform, AppName("empty"))
    changed = ask("config set", scope="@global", pairs=["G=1"])
    assert [(d.app, d.release) for d in changed.deployments] == [("blog", 2), ("shop", 2)]
    assert ask.jobs == ["refresh", "refresh"]
    assert shop.store.releases.get(shop.name, 2).env["G"] == "1"
    assert "Config of all apps changed: G" in changed.text()


def test_global_config_that_one_app_does_not_bear_is_told(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    add_blog(shop, Program(listen="0.0.0.0"))
    shop.engine.program(Program(exits=1), matching="the-blog")
    with pytest.raises(DokkupyError, match="these apps go on with the one before: blog"):
        ask("config set", scope="@global", pairs=["G=1"])
    assert shop.store.config.get("") == {"G": "1"}
    assert shop.store.releases.get(shop.name, 2).env["G"] == "1"
    assert any(line.text.startswith("blog: web.1 ended") for line in ask.told)


# Reading.


def test_a_missing_value_is_told_with_where_to_look(ask: Asked, shop: Shop) -> None:
    set_(ask, "G=1", scope="@global")
    with pytest.raises(NotFound, match="G is not set for shop") as error:
        ask("config get", scope="shop", key="G")
    assert error.value.hint == "See what is: dokkupy config show shop"
    with pytest.raises(NotFound, match="A is not set for all apps") as error:
        ask("config get", scope="@global", key="A")
    assert error.value.hint == "See what is: dokkupy config show --global"


def test_the_variables_of_one_scope_are_shown(ask: Asked, shop: Shop) -> None:
    set_(ask, "G=1", scope="@global")
    set_(ask, "B=2", "A=1")
    assert ask("config show", scope="shop") == [
        Variable(key="A", value="1"),
        Variable(key="B", value="2"),
    ]
    assert ask("config show", scope="@global") == [Variable(key="G", value="1")]


def test_an_explanation_begins_with_the_layer_that_wins(ask: Asked, shop: Shop) -> None:
    set_(ask, "FOO=1", "BAR=1", scope="@global")
    set_(ask, "FOO=2")
    assert ask("config explain", app="shop", key="FOO") == [
        Layer(rank="app", origin="config", value="2", wins=True),
        Layer(rank="global", origin="global config", value="1", wins=False),
    ]
    assert ask("config explain", app="shop", key="DOKKUPY_APP") == [
        Layer(rank="platform", origin="dokkupy", value="shop", wins=True)
    ]
    with pytest.raises(NotFound, match="Nothing sets NONE for shop"):
        ask("config explain", app="shop", key="NONE")


# Text.


@pytest.mark.parametrize("form", ["env", "json"])
def test_what_is_exported_is_imported_to_the_byte(ask: Asked, shop: Shop, form: str) -> None:
    set_(ask, *(f"{key}={value}" for key, value in AWKWARD.items()))
    written = ask("config export", scope="shop", format=form).text().encode()
    apps.create(shop.platform, BLOG)
    ask("config import", scope="blog", stdin=written)
    assert shop.store.config.get(BLOG) == AWKWARD


def test_an_export_is_json_or_shell_when_asked(ask: Asked, shop: Shop) -> None:
    set_(ask, "A=it's")
    assert json.loads(ask("config export", scope="shop", format="json").text()) == {"A": "it's"}
    shell = ask("config export", scope="shop", format="shell").text()
    assert shell == "export A='it'\"'\"'s'"
    with pytest.raises(UsageError):
        ask("config export", scope="shop", format="yaml")


def test_an_import_adds_and_replaces_only_when_asked(ask: Asked, shop: Shop) -> None:
    set_(ask, "A=1", "B=2")
    ask("config import", scope="shop", stdin=b"B=3\nC=4\n")
    assert shop.store.config.get("shop") == {"A": "1", "B": "3", "C": "4"}
    changed = ask("config import", scope="shop", stdin=b"B=3\nD=5\n", replace=True)
    assert shop.store.config.get("shop") == {"B": "3", "D": "5"}
    assert changed.keys == ("D", "A", "C")


def test_an_import_of_a_deployed_app_is_one_release(ask: Asked, shop: Shop) -> None:
    set_(ask, "A=1")
    shop.push(web="one")
    ask("config import", scope="shop", stdin=b"B=2\nC=3\n", replace=True)
    assert shop.releases() == [(1, "superseded"), (2, "live")]
    assert shop.store.config.get("shop") == {"B": "2", "C": "3"}


def test_a_file_as_windows_saves_it_is_imported(ask: Asked, shop: Shop) -> None:
    ask("config import", scope="shop", stdin=b"\xef\xbb\xbfA=1\r\nB='2'\r\n")
    assert shop.store.config.get("shop") == {"A": "1", "B": "2"}
    ask("config import", scope="shop", stdin=b'\xef\xbb\xbf{"A": "3"}', replace=True)
    assert shop.store.config.get("shop") == {"A": "3"}
    ask("config import", scope="shop", stdin=b"{}", replace=True)
    assert shop.store.config.get("shop") == {}


@pytest.mark.parametrize(
    "text",
    [b"\xff\xfe", b"A", b'{"A": 1}', b'{"A": "\\ud800"}', b"", b"\n", b"A=1\n" * (4 << 20) + b"#"],
    ids=lambda text: repr(text[:16]),
)
def test_an_import_that_is_not_understood_changes_nothing(
    ask: Asked, shop: Shop, text: bytes
) -> None:
    set_(ask, "A=1")
    with pytest.raises(UsageError):
        ask("config import", scope="shop", stdin=text, replace=True)
    assert shop.store.config.get("shop") == {"A": "1"}
