"""Patterns of paths, as regular expressions that mean nothing else to anybody."""

from __future__ import annotations

import re
from typing import Final

_PIECE: Final = re.compile(r"\*\*|\*|[^*]+")
_PLAIN: Final = re.compile(r"[A-Za-z0-9/_-]")

_HASHED: Final = (
    # Of eight hex digits and more, letters and numbers among them: a date is no hash.
    r"^/(?:[^\x00]*[/.-])?(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,64}\.[A-Za-z0-9.]+\z"
)
_GENERATED: Final = ("/_next/static/**", "/_astro/**", "/_app/immutable/**", "/_nuxt/**")
"""Where generators put files under names that change with what is in them."""


def expression(pattern: str) -> str:
    """Return the regular expression of a pattern, in ASCII without quotes, spaces or dollars.

    A folder stands for its `index.html` too, and a path for the `.html` file that answers for it.
    """
    found = "".join(map(_piece, _PIECE.findall(pattern)))
    if pattern.endswith("/"):
        found += r"(?:index\x2ehtml)?"
    elif not pattern.endswith("*"):
        found += r"(?:\x2ehtml)?"
    return rf"^{found}\z"


def immutable() -> tuple[str, ...]:
    """Return the expressions of files that never change under their names, for all one can see."""
    return (_HASHED, *map(expression, _GENERATED))


def matches(pattern: str, path: str) -> bool:
    """Say whether a pattern is for a path."""
    return _search(expression(pattern), path)


def is_immutable(path: str) -> bool:
    """Say whether a file looks as if it never changed under its name."""
    return any(_search(one, path) for one in immutable())


def _search(expression: str, path: str) -> bool:
    # What PCRE calls \z is \Z in Python; both read bytes.
    return re.search(expression.replace(r"\z", r"\Z").encode(), path.encode()) is not None


def _piece(text: str) -> str:
    if text == "**":
        return "(?s:.*)"
    if text == "*":
        return "[^/]*"
    return "".join(
        character
        if _PLAIN.fullmatch(character)
        else "".join(rf"\x{byte:02x}" for byte in character.encode())
        for character in text
    )
