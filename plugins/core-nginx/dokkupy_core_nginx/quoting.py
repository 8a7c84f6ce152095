"""The one way in which a value of somebody's choosing gets into nginx's configuration."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 4000
"""Bytes; nginx refuses a parameter that does not fit into its buffer of 4,096."""

DOLLAR: Final = "${dokkupy_dollar}"
"""nginx has no escape for a dollar sign; the main file defines this variable as one."""


def quote(text: str) -> str:
    """Return `text` as one double-quoted nginx parameter that means `text` and nothing else.

    For parameters in which nginx replaces variables (`add_header`, `return`); in others a dollar
    sign comes out as the variable's name.

    Raises:
        ValueError: it holds a control character, which a header cannot carry, or is too long.
    """
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise ValueError("a control character cannot stand in nginx's configuration")
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", DOLLAR)
    if len(quoted.encode()) > LONGEST:
        raise ValueError(f"longer than {LONGEST} bytes")
    return f'"{quoted}"'
