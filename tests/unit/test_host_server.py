"""The order in which a server's parts are looked at, made and taken away."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import Any

import pytest

from dokkupy.errors import DokkupyError, Refused
from dokkupy.host import server
from dokkupy.host.finding import Finding, blocked, done, notice, to_do
from dokkupy.host.part import Part
from dokkupy.types import Line


class Stone(Part):
    """A part that is there or not."""

    def __init__(self, name: str, history: list[str], *, there: bool = False) -> None:
        self.name = name
        self.there = there
        self.history = history
        self.holds = True

    def look(self) -> Iterator[Finding]:
        yield done(self.name, "Here.") if self.there else to_do(self.name, f"Lay {self.name}.")

    def make(self) -> Iterable[str]:
        self.history.append(f"make {self.name}")
        self.there = self.holds
        return ("heavy",)

    def unmake(self) -> Iterator[str]:
        if self.there:
            self.there = False
            self.history.append(f"unmake {self.name}")
            yield f"Lift {self.name}"


class Sign(Part):
    """A part that only finds."""

    name = "sign"

    def __init__(self, finding: Finding) -> None:
        self.finding = finding

    def look(self) -> Iterator[Finding]:
        yield self.finding


def ended(stream: Generator[Line, None, Any]) -> tuple[list[str], Any]:
    """Run an operation to its end; return its lines and its result."""
    lines = []
    while True:
        try:
            lines.append(next(stream).text)
        except StopIteration as end:
            return lines, end.value


@pytest.fixture(autouse=True)
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)


def test_what_is_missing_is_made_in_order_and_told() -> None:
    history: list[str] = []
    parts = [Stone("a", history), Stone("b", history, there=True), Stone("c", history)]
    assert ended(server.setup(parts)) == (["Lay a.", "  heavy", "Lay c.", "  heavy"], 2)
    assert history == ["make a", "make c"]
    assert ended(server.setup(parts)) == ([], 0)
    assert history == ["make a", "make c"]


def test_nothing_is_begun_while_something_is_in_the_way() -> None:
    history: list[str] = []
    parts = [Stone("a", history), Sign(blocked("sign", "Closed.", "open it"))]
    with pytest.raises(Refused, match="1 things are in the way; nothing was done") as refused:
        ended(server.setup(parts))
    assert "Closed." in refused.value.detail
    assert "open it" in refused.value.detail
    assert history == []


def test_a_notice_stops_nothing() -> None:
    history: list[str] = []
    assert ended(server.setup([Sign(notice("sign", "Mind the gap.")), Stone("a", history)]))[1] == 1


def test_a_part_that_does_not_hold_ends_the_setup() -> None:
    history: list[str] = []
    rotten, after = Stone("a", history), Stone("b", history)
    rotten.holds = False
    with pytest.raises(DokkupyError, match=r"This was done and is not there: Lay a\."):
        ended(server.setup([rotten, after]))
    assert history == ["make a"]


def test_the_last_part_is_taken_away_first() -> None:
    history: list[str] = []
    parts = [Stone(name, history, there=True) for name in "abc"]
    assert ended(server.remove(parts)) == (["Lift c", "Lift b", "Lift a"], 3)
    assert ended(server.remove(parts)) == ([], 0)


@pytest.mark.parametrize("verb", ["setup", "remove"])
def test_only_root_is_served(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(Refused) as refused:
        ended(getattr(server, verb)([]))
    assert refused.value.hint == f"sudo dokkupy host {verb}"


def test_a_finding_is_read_in_columns_with_its_command_below() -> None:
    assert to_do("user", "Make it.", "useradd x").text() == (
        "to do       user      Make it.\n                        useradd x"
    )
    assert done("user", "It is there.").text() == "done        user      It is there."
