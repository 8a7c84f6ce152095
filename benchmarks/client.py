"""The load client, a process of its own: so many requests a second until it is told to stop.

Requests begin by the clock, whether earlier ones were answered or not. Every one becomes a line of
the output file. It ends when its standard input ends, or at its own limits of number and time.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from benchmarks.answers import Answer
from benchmarks.exchange import Closed, Connection, CutOff, Failed, ask, connect

ADDRESS: Final = "127.0.0.1"
"""Nobody else is ever loaded."""
PATIENCE: Final = 30.0
"""Seconds after which a request has failed, unless something else is asked for."""
MOST_RATE: Final = 500
MOST_REQUESTS: Final = 200_000
LONGEST: Final = 1200.0
"""Seconds that a load may last."""

Kind = Literal["new", "keep-alive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What load to make."""

    port: int
    host: str
    kind: Kind
    rate: float
    """Requests a second."""
    most: int
    """Requests in all."""
    longest: float
    """Seconds in all."""
    slow_every: int
    """Each so manyth request asks for an answer that takes two seconds; 0 for none."""
    patience: float
    """Seconds after which a request has failed."""
    path: str = "/"
    slow_path: str = "/slow?s=2"


@dataclass(slots=True)
class Load:
    """A load under way."""

    wanted: Wanted
    answers: list[Answer] = field(default_factory=list)
    idle: deque[Connection] = field(default_factory=deque)

    async def run(self, stop: asyncio.Event) -> None:
        """Make requests until `stop` or a limit, then wait for the answers under way."""
        began = time.monotonic()
        under_way: set[asyncio.Task[None]] = set()
        for number in range(min(self.wanted.most, MOST_REQUESTS)):
            due = began + number / self.wanted.rate
            if due - began > min(self.wanted.longest, LONGEST):
                break
            try:
                await asyncio.wait_for(stop.wait(), max(0.0, due - time.monotonic()))
                break
            except TimeoutError:
                pass
            task = asyncio.create_task(self._request(number))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        if under_way:
            await asyncio.gather(*under_way)
        for connection in self.idle:
            connection.close()

    async def _request(self, number: int) -> None:
        slow = bool(self.wanted.slow_every) and number % self.wanted.slow_every == 0
        path = self.wanted.slow_path if slow else self.wanted.path
        began = time.monotonic()
        text = failure = again = ""
        try:
            async with asyncio.timeout(self.wanted.patience):
                if self.wanted.kind == "keep-alive":
                    text, again = await self._ask_on_kept(path)
                else:
                    text = await self._ask_anew(path, keep=False)
        except Failed as error:
            failure = str(error)
        except TimeoutError:
            failure = f"no answer within {self.wanted.patience:g} s"
        self.answers.append(
            Answer(
                began=began,
                ended=time.monotonic(),
                slow=slow,
                text=text,
                failure=failure,
                again=again,
            )
        )

    async def _ask_on_kept(self, path: str) -> tuple[str, str]:
        """Ask on a connection used before; return the body, and why it took a second one.

        A server may close a kept connection at the very moment at which a request is on its way.
        When no byte of an answer came, a client may ask again: RFC 9110, section 9.2.2.
        """
        while self.idle:
            try:
                return await self._ask(self.idle.popleft(), path, keep=True), ""
            except Closed:  # noticed in time
                continue
            except CutOff as error:
                return await self._ask_anew(path, keep=True), str(error)
        return await self._ask_anew(path, keep=True), ""

    async def _ask_anew(self, path: str, *, keep: bool) -> str:
        try:
            return await self._ask(await connect(ADDRESS, self.wanted.port), path, keep=keep)
        except Closed as error:
            raise Failed("closed before anything was sent") from error

    async def _ask(self, connection: Connection, path: str, *, keep: bool) -> str:
        try:
            text = await ask(connection, self.wanted.host, path, keep=keep)
        except BaseException:
            connection.close()
            raise
        if keep:
            self.idle.append(connection)
        else:
            connection.close()
        return text


async def _until_stdin_ends(wanted: Wanted) -> list[Answer]:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look() -> None:
        if not os.read(0, 1024):
            loop.remove_reader(0)
            stop.set()

    loop.add_reader(0, look)
    load = Load(wanted)
    await load.run(stop)
    return load.answers


def main() -> None:
    """Read the arguments, make the load, write the lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.client", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", required=True, help="for the Host header")
    parser.add_argument("--kind", choices=("new", "keep-alive"), required=True)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--most", type=int, default=MOST_REQUESTS)
    parser.add_argument("--longest", type=float, default=LONGEST)
    parser.add_argument("--slow-every", type=int, default=40)
    parser.add_argument("--patience", type=float, default=PATIENCE)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    if not 0 < given.rate <= MOST_RATE:
        parser.error(f"--rate must be at most {MOST_RATE}")
    wanted = Wanted(
        port=given.port,
        host=given.host,
        kind=given.kind,
        rate=given.rate,
        most=given.most,
        longest=given.longest,
        slow_every=given.slow_every,
        patience=given.patience,
    )
    answers = asyncio.run(_until_stdin_ends(wanted))
    given.output.write_text("".join(f"{answer.line()}\n" for answer in answers))


if __name__ == "__main__":
    main()
