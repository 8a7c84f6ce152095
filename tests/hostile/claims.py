"""What holds of every refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from dokkupy.errors import DokkupyError

LONGEST_SENTENCE = 1000
"""Characters; 80 of somebody's own may take ten each when they are escaped."""
T = TypeVar("T")


def assert_explained(error: DokkupyError) -> None:
    """Fail unless an error is one sentence of cause and one of remedy, safe on a terminal."""
    assert_sentence(error.message)
    assert error.message.endswith("."), error.message
    assert not error.message.endswith(".."), error.message
    assert error.hint, error.message
    assert_sentence(error.hint)
    assert 1 <= error.exit_code <= 15


def assert_sentence(text: str) -> None:
    """Fail unless it is one line, not long, and nothing that a terminal would obey."""
    assert text.isprintable(), ascii(text)
    assert text == text.strip()
    assert 1 < len(text) <= LONGEST_SENTENCE, ascii(text)


def attempt(parse: Callable[..., T], *given: object) -> T | None:
    """Return what a parser makes of a value, None when it refuses it as it should."""
    try:
        return parse(*given)
    except DokkupyError as error:
        assert_explained(error)
        return None
