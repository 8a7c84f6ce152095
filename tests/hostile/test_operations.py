"""Every operation that is installed, asked for with words that nobody should send.

Nothing here names an operation: one that is added is asked too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import event

from .budget import hostile
from .claims import assert_sentence
from .commands import command_lines
from .seal import Seal
from .texts import CANARY, octets
from .world import Answer, World

pytestmark = pytest.mark.timeout(3600)

ERROR = re.compile(
    r"^Error: (?P<cause>.+)\n(?:  (?!-> ).*\n)*  -> (?P<remedy>.+)\n\Z", re.MULTILINE
)


class Visited:
    """A world, the command line of it, and what it was like before."""

    def __init__(self, world: World, seal: Seal) -> None:
        self.world, self.seal = world, seal
        world.command(["apps", "list"], b"")
        self.before = world.state()
        self.looked = False
        """Whether it has been seen that nothing changed."""

    def ask(self, words: list[str], stdin: bytes) -> Answer:
        """Run a command and judge what came of it; put everything back when it was obeyed."""
        assert words[:1] != ["host"], "this would be about the machine itself"
        with self.mended(), self.seal.over(self.world.folder):
            done = self.world.command(words, stdin)
            assert not list(self.world.folder.glob(f"*{CANARY}*")), "it was executed"
            event("obeyed" if done.exit_code == 0 else f"refused with {done.exit_code}")
            if done.exit_code:
                # A report may end with a code of its own: it says what it found.
                if done.err or not done.out:
                    assert_refused(done, as_json="--json" in words)
                self.assert_as_before()
        return done

    def assert_as_before(self) -> None:
        """Fail when anything has changed but what events tell of."""
        now = self.world.state()
        for part, what in self.before.items():
            assert now[part] == what, f"{part} changed"

    @contextmanager
    def mended(self) -> Iterator[None]:
        """Put everything back after a block."""
        self.looked = False
        try:
            yield
        finally:
            if not self.looked and self.world.state() != self.before:
                self.before = self.world.repair(self.before)


def assert_refused(done: Answer, *, as_json: bool) -> None:
    """Fail unless a person or a program is told cause and remedy, and nothing else."""
    assert 1 <= done.exit_code <= 15, done
    last = done.err.rstrip("\n").rpartition("\n")[2]
    if as_json and last.startswith('{"error"'):
        told = json.loads(last)["error"]
        assert_sentence(told["message"])
        assert_sentence(told["hint"])
        return
    found = ERROR.search(done.err)
    assert found is not None, done
    assert_sentence(found["cause"])
    assert_sentence(found["remedy"])
    assert all(line.isprintable() for line in done.err.splitlines()), done.err


@pytest.fixture(scope="module")
def visited(world: World, seal: Seal) -> Visited:
    return Visited(world, seal)


@hostile(8, words=command_lines(), stdin=octets)
def test_a_command_is_obeyed_or_refused_as_a_whole(
    visited: Visited, words: list[str], stdin: bytes
) -> None:
    visited.ask(words, stdin)
