"""Streams that are read piece by piece, each made of the one below it."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Final

from dokkupy.errors import DokkupyError

PIECE: Final = 256 * 1024


class Source(io.RawIOBase):
    """A readable stream whose pieces `piece` gives; nothing but the rest of one is kept."""

    def __init__(self) -> None:
        super().__init__()
        self._rest = b""

    def piece(self) -> bytes:
        """Return the next bytes, empty at the end; whatever is wrong is raised."""
        raise NotImplementedError

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to `size` bytes, all of the rest when it is negative."""
        if size is None or size < 0:
            return self._take(len(self._rest)) + b"".join(iter(self.piece, b""))
        if not self._rest:
            self._rest = self.piece()
        return self._take(size)

    def _take(self, size: int) -> bytes:
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


class Poured(Source):
    """What somebody else writes in a thread of his own, as a stream to read."""

    def __init__(self, produce: Callable[[Callable[[bytes], object]], None]) -> None:
        super().__init__()
        self._ours, self._theirs = os.pipe()
        self._failure: OSError | DokkupyError | None = None
        self._produce = produce
        self._thread = threading.Thread(target=self._pour, name="pour", daemon=True)
        self._thread.start()

    def piece(self) -> bytes:
        found = os.read(self._ours, PIECE)
        if not found:
            self._thread.join()
            if self._failure is not None:  # half of it must not look like all of it
                raise self._failure
        return found

    def close(self) -> None:
        """Stop reading; whoever writes then fails, and is waited for."""
        if not self.closed:
            os.close(self._ours)
            self._thread.join()
        super().close()

    def _pour(self) -> None:
        try:
            self._produce(self._write)
        except (OSError, DokkupyError) as error:
            self._failure = error
        finally:
            with suppress(OSError):
                os.close(self._theirs)

    def _write(self, piece: bytes) -> None:
        while piece:
            piece = piece[os.write(self._theirs, piece) :]


@contextmanager
def poured(produce: Callable[[Callable[[bytes], object]], None]) -> Iterator[IO[bytes]]:
    """Give what `produce` writes to its sink as a stream, for the time of a block."""
    source = Poured(produce)
    try:
        yield source  # type: ignore[misc]  # raw streams read and close as any other
    finally:
        source.close()
