"""A container's output, line by line, from the engine's log."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from dokkupy.engine_docker.wire import Frames, Output, Stream, open_stream

LONGEST: Final = 1024 * 1024
"""Bytes of a line; what goes on without an end is given in parts, lest it fill the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which part of a log."""

    follow: bool
    tail: int | None
    since: float
    """Seconds since the epoch; 0.0 is the beginning."""

    def query(self) -> dict[str, str]:
        """Return the parameters of ContainerLogs."""
        query = {"stdout": "1", "stderr": "1", "follow": str(int(self.follow))}
        query["tail"] = "all" if self.tail is None else str(self.tail)
        if self.since:
            query["since"] = f"{self.since:.9f}"
        return query


class Lines:
    """Puts the pieces of two outputs together to lines without the newline."""

    def __init__(self) -> None:
        self._partial: dict[Output, bytes] = {1: b"", 2: b""}

    def feed(self, output: Output, piece: bytes) -> Iterator[bytes]:
        """Yield the lines that `piece` completes."""
        *complete, rest = (self._partial[output] + piece).split(b"\n")
        yield from complete
        if len(rest) > LONGEST:
            yield rest
            rest = b""
        self._partial[output] = rest

    def rest(self) -> Iterator[bytes]:
        """Yield what was left without a newline at the end."""
        yield from filter(None, self._partial.values())


def read(engine: Path, container: str, wanted: Wanted) -> Iterator[bytes]:
    """Yield the lines of a container without terminal."""
    if wanted.follow:
        yield from _followed(engine, container, wanted)
        return
    joined = Lines()
    with _open(engine, container, wanted.query()) as stream:
        for output, piece in _frames(stream):
            yield from joined.feed(output, piece)
    yield from joined.rest()


def read_terminal(engine: Path, container: str, wanted: Wanted) -> Iterator[bytes]:
    """Yield the lines of a container with a terminal, whose output is one and not framed."""
    joined = Lines()
    with _open(engine, container, wanted.query()) as stream:
        for arrived in iter(stream.read, b""):
            yield from (line.removesuffix(b"\r") for line in joined.feed(1, arrived))
    yield from joined.rest()


def _followed(engine: Path, container: str, wanted: Wanted) -> Iterator[bytes]:
    """Follow a log, and look once more at its end.

    Docker ends the stream when the container ends, now and then before it has sent the last
    entry; an entry's time says what has been seen.
    """
    query = wanted.query() | {"timestamps": "1"}
    last, seen = f"{time.time():.9f}" if wanted.tail == 0 else query.get("since", ""), 0
    joined = Lines()
    with _open(engine, container, query) as stream:
        for output, entry in _frames(stream):
            stamp, _, piece = entry.partition(b" ")
            at = _seconds(stamp)
            last, seen = at, seen + 1 if at == last else 1
            yield from joined.feed(output, piece)
    query |= {"follow": "0", "tail": "all"} | ({"since": last} if last else {})
    with _open(engine, container, query) as stream:
        for output, entry in _frames(stream):
            stamp, _, piece = entry.partition(b" ")
            if seen and _seconds(stamp) == last:
                seen -= 1
                continue
            yield from joined.feed(output, piece)
    yield from joined.rest()


def _seconds(stamp: bytes) -> str:
    """Return `2026-11-22T10:00:00.123456789Z` as `since` must be: `1795341600.123456789`."""
    moment, _, fraction = stamp.decode("ascii").removesuffix("Z").partition(".")
    return f"{datetime.fromisoformat(f'{moment}+00:00').timestamp():.0f}.{fraction}"


def _frames(stream: Stream) -> Iterator[tuple[Output, bytes]]:
    frames = Frames()
    for arrived in iter(stream.read, b""):
        yield from frames.feed(arrived)


def _open(engine: Path, container: str, query: Mapping[str, str]) -> Stream:
    return open_stream(engine, "GET", f"/containers/{container}/logs", query=query)
