"""Response headers of an app's own choosing, parsed from a setting."""

from __future__ import annotations

import re
from typing import Final, Self

from dokkupy.errors import UsageError
from dokkupy_core_nginx.quoting import quote

FRAMING: Final = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that tell where a message ends; a second one of them breaks every client."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,126}[A-Za-z0-9])?")


class Headers(str):
    """`Name: value` lines; the names may repeat (RFC 9110, section 5.2)."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the headers that `text` lists, one a line, without surplus white space.

        Raises:
            UsageError: a line is no header, or a header that only the proxy may set.
        """
        lines = [line.strip() for line in text.split("\n")]
        return cls("\n".join(_line(line) for line in lines if line))

    def items(self) -> tuple[tuple[str, str], ...]:
        """Return (name, value) in the order given."""
        return tuple(
            (name, value) for name, _, value in (line.partition(": ") for line in self.splitlines())
        )


def _line(line: str) -> str:
    name, colon, value = line.partition(":")
    name, value = name.strip(), value.strip()
    shown = ascii(line if len(line) <= 80 else line[:77] + "...")
    if not colon or not value or not _NAME.fullmatch(name):
        raise UsageError(
            f"{shown} is not a header.",
            hint="Write one a line: Name: value (the name of letters, digits and dashes).",
        )
    if name.lower() in FRAMING:
        raise UsageError(
            f"The header {name} belongs to the proxy.", hint="Leave it out; the proxy sets it."
        )
    try:
        quote(value)
    except ValueError as error:
        raise UsageError(
            f"The header {name} cannot be sent: {error}.", hint="Use printable characters only."
        ) from None
    return f"{name}: {value}"
