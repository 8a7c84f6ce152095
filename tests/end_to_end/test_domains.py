"""ACCEPTANCE F 1: the names that an app answers to."""

from __future__ import annotations

import pytest

from .conftest import EXAMPLES, Root

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def app(root: Root) -> str:
    return root.deployed(EXAMPLES / "probe")[0]


def answers(root: Root, host: str) -> bool:
    """Say whether the app answers at a host; unknown hosts get no answer at all."""
    answer = root.get(host)
    assert answer.status in (0, 200)
    return answer.status == 200


def test_domains_are_added_removed_set_and_cleared_at_once(root: Root, app: str) -> None:
    default, www = f"{app}.localhost", f"www.{app}.example"
    assert answers(root, default)
    assert not answers(root, www)
    root.cli("domains", "add", app, www)
    assert answers(root, default)
    assert answers(root, www)
    root.cli("domains:remove", app, default)
    assert not answers(root, default)
    root.cli("domains", "set", app, f"set.{app}.example")
    assert not answers(root, www)
    assert answers(root, f"set.{app}.example")
    root.cli("domains", "clear", app)
    assert answers(root, default)
    assert not answers(root, f"set.{app}.example")


def test_a_wildcard_answers_for_every_name_below_it(root: Root, app: str) -> None:
    root.cli("domains", "add", app, f"*.{app}.example")
    assert answers(root, f"anything.{app}.example")
    assert not answers(root, f"{app}.example")
    root.cli("domains", "clear", app)


def test_an_international_name_is_served_as_browsers_send_it(root: Root, app: str) -> None:
    rows = root.json("domains", "add", app, "bücher.example")
    assert rows[0] == {"domain": "xn--bcher-kva.example", "app": app, "source": "added"}
    assert answers(root, "xn--bcher-kva.example")
    root.cli("domains", "clear", app)


@pytest.mark.parametrize(
    "host", ["a_b.example", "https://a.example", "a.example;", "$host", "a b", "-a.example", "*"]
)
def test_what_is_no_host_is_refused_and_nothing_changes(root: Root, app: str, host: str) -> None:
    before = root.json("domains", "list", app)
    done = root.cli("domains", "add", app, "--", host, code=2)
    assert "RFC 1123" in done.err
    assert root.json("domains", "list", app) == before


def test_a_host_of_another_app_is_refused_naming_it(root: Root, app: str) -> None:
    other = root.create()
    root.cli("domains", "add", app, "taken.example")
    done = root.cli("domains", "add", other, "taken.example", code=4)
    assert f"taken.example belongs to the app {app}." in done.err
    done = root.cli("domains", "add", other, f"{app}.localhost", code=4)
    assert f"belongs to the app {app}." in done.err
    root.cli("domains", "clear", app)
    root.cli("domains", "add", other, "taken.example")


def test_a_global_domain_gives_every_app_a_name(root: Root, app: str) -> None:
    root.cli("domains", "add-global", "second.example")
    try:
        assert answers(root, f"{app}.second.example")
        assert answers(root, f"{app}.localhost")
        (report,) = root.json("domains", "report", "--global")
        assert report["domains"] == ["localhost", "second.example"]
    finally:
        root.cli("domains", "clear-global")
    assert not answers(root, f"{app}.second.example")
