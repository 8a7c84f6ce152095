"""Errors: each kind is told apart by programs, and shown whole to people."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from dokkupy import errors
from dokkupy.errors import DokkupyError, EngineError, ImageNotFound, ProxyRefused

KINDS = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, DokkupyError)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_is_drawn_in_the_tree_with_its_exit_code(kind: type[DokkupyError]) -> None:
    drawn = errors.__doc__ or ""
    [line] = [line for line in drawn.splitlines() if kind.__name__ in line.split()]
    assert str(kind.exit_code) in line.split()


def test_every_kind_has_a_word_of_its_own() -> None:
    assert Counter(kind.code for kind in KINDS).most_common(1)[0][1] == 1


def test_no_exit_code_means_success_or_a_signal() -> None:
    assert all(0 < kind.exit_code < 126 for kind in KINDS)


def test_only_a_narrower_kind_shares_an_exit_code() -> None:
    for kind in KINDS:
        for other in KINDS:
            if kind.exit_code == other.exit_code:
                assert issubclass(kind, other) or issubclass(other, kind)
    assert issubclass(ImageNotFound, EngineError)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_body_for_programs_holds_all_that_is_known(kind: type[DokkupyError]) -> None:
    error = kind("It broke.", hint="mend it", detail="line 1\nline 2")
    assert str(error) == "It broke."
    body = json.loads(json.dumps(error.as_dict()))
    assert body == {
        "error": {
            "code": kind.code,
            "message": "It broke.",
            "hint": "mend it",
            "detail": "line 1\nline 2",
            "exit_code": kind.exit_code,
        }
    }


def test_a_refusing_proxy_names_the_app() -> None:
    assert ProxyRefused("No.", app="shop").app == "shop"
    assert ProxyRefused("No.").app == ""
