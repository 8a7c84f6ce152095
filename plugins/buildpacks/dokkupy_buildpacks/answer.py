"""What a build container says on its stdout: a line of JSON, then archives in pieces."""

from __future__ import annotations

import json
import tempfile
from types import TracebackType
from typing import IO, Any, Final, Self

_LONGEST_LINE: Final = 4 * 1024 * 1024


class Answer:
    """Takes the bytes as they come; the archives lie in temporary files until it is closed."""

    def __init__(self) -> None:
        self.header: dict[str, Any] = {}
        self.archives: list[IO[bytes]] = []
        self._pending = b""
        self._left = 0
        self._open: IO[bytes] | None = None

    def feed(self, piece: bytes) -> None:
        """Take what has come.

        Raises:
            ValueError: it is not what a build container says.
        """
        self._pending += piece
        while self._pending:
            if self._left:
                part = self._pending[: self._left]
                self._pending = self._pending[len(part) :]
                self._left -= len(part)
                if self._open is not None:
                    self._open.write(part)
                continue
            line, newline, rest = self._pending.partition(b"\n")
            if not newline:
                if len(line) > _LONGEST_LINE:
                    raise ValueError("a line without an end")
                return
            self._pending = rest
            self._line(line)

    def _line(self, line: bytes) -> None:
        if not self.header:
            self.header = _header(line)
            return
        self._left = int(line)
        if self._left < 0:
            raise ValueError("a piece of less than nothing")
        if self._open is None:
            self._open = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the rest
            self.archives.append(self._open)
        if not self._left:
            self._open.seek(0)
            self._open = None

    @property
    def whole(self) -> bool:
        """Whether the header and every archive that it announces have come to their ends."""
        if not self.header or self._open is not None or self._pending:
            return False
        sent = sum(1 for layer in self.header.get("layers", ()) if layer["sent"])
        return len(self.archives) == sent + 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for archive in self.archives:
            archive.close()


def _header(line: bytes) -> dict[str, Any]:
    """Read what was made, or why nothing was; what runs in the container may have written it.

    Raises:
        ValueError: it is neither.
    """
    try:
        header = json.loads(line)
    except RecursionError:
        raise ValueError("a header without a bottom") from None
    match header:
        case {"failed": str(), "pack": str(), "code": int()}:
            return dict(header)
        case {"layers": [*layers]} if all(map(_is_layer, layers)):
            processes = header.get("processes", {})
            if isinstance(processes, dict):
                return {**header, "processes": processes}
    raise ValueError("no header")


def _is_layer(value: object) -> bool:
    match value:
        case {"key": str(), "sent": bool()}:
            return True
    return False
