"""What is refused from metadata alone, before anything is installed."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement

from dokkupy.errors import Refused
from dokkupy.installing.distribution import Facts, installed
from dokkupy.installing.objections import dependants, missing, plugin_of


def facts(name: str, version: str = "1.0", *needs: str, plugins: str = "") -> Facts:
    return Facts(
        name=name,
        version=version,
        needs=tuple(map(Requirement, needs)),
        plugins=dict.fromkeys(plugins.split(), "module"),
    )


def there(*found: Facts) -> dict[str, Facts]:
    return {one.name: one for one in found}


CORE = facts("dokkupy", "0.1.0", 'pytest>=8; extra == "testing"')


def test_a_plugin_is_known_by_its_one_entry_point() -> None:
    found = facts("dokkupy-plugin-x", plugins="x")
    assert plugin_of(found, "") == plugin_of(found, "x") == "x"


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (facts("requests"), ""),
        (facts("dokkupy-plugin-x", plugins="x y"), "x"),
        (facts("dokkupy-plugin-x", plugins="y"), ""),
        (facts("dokkupy-plugin-x", plugins="x"), "y"),
    ],
)
def test_what_is_no_plugin_or_another_one_is_refused(found: Facts, wanted: str) -> None:
    with pytest.raises(Refused):
        plugin_of(found, wanted)


def test_what_fits_needs_nothing() -> None:
    candidate = facts("dokkupy-plugin-x", "1.0", "dokkupy>=0.1,<0.2", 'foo; python_version < "3"')
    assert missing(candidate, there(CORE)) == []


def test_what_is_not_there_is_missing_an_extras_needs_too() -> None:
    candidate = facts("dokkupy-plugin-x", "1.0", "dokkupy[testing]", "words>=2")
    assert list(map(str, missing(candidate, there(CORE)))) == [
        'pytest>=8; extra == "testing"',
        "words>=2",
    ]


def test_another_version_of_what_is_there_is_refused() -> None:
    candidate = facts("dokkupy-plugin-x", "1.0", "dokkupy>=9")
    with pytest.raises(Refused, match=r"needs dokkupy>=9, and 0\.1\.0 is installed"):
        missing(candidate, there(CORE))


def test_a_version_that_breaks_another_plugin_is_refused() -> None:
    other = facts("dokkupy-plugin-y", "3.0", "dokkupy-plugin-x<2")
    with pytest.raises(Refused, match=r"dokkupy-plugin-y 3\.0 needs dokkupy-plugin-x<2; 2\.0"):
        missing(facts("dokkupy-plugin-x", "2.0"), there(CORE, other))


def test_a_plugin_that_needs_another_says_how_to_get_it() -> None:
    candidate = facts("dokkupy-plugin-x", "1.0", "dokkupy-plugin-mysql>=1")
    with pytest.raises(Refused) as caught:
        missing(candidate, there(CORE))
    assert caught.value.hint == "dokkupy plugin install mysql"


def test_who_needs_a_plugin_is_known_but_for_extras() -> None:
    bundle = facts("dokkupy", "0.1.0", 'dokkupy-plugin-x; extra == "standard"')
    user = facts("dokkupy-plugin-y", "3.0", "dokkupy-plugin-x")
    assert dependants("dokkupy-plugin-x", there(bundle, user)) == ["dokkupy-plugin-y 3.0"]


def test_what_is_installed_here_is_found() -> None:
    assert installed()["dokkupy"].name == "dokkupy"
