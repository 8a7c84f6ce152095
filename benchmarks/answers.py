"""What each request of a load came to, and what all of them say together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Self

from benchmarks.samples import percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request; times are monotonic seconds, the same clock in every process."""

    began: float
    ended: float
    slow: bool
    """Whether it asked for an answer that takes two seconds."""
    text: str = ""
    """The body, when the status was 200 and it came whole."""
    failure: str = ""
    """Why it is no good answer; empty when it is one."""
    again: str = ""
    """Why it was asked a second time, on a new connection."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began

    def line(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, line: str) -> Self:
        """Return the answer of a line."""
        return cls(**json.loads(line))


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One command that changes what is served, and what may be answered around it."""

    what: str
    began: float
    returned: float
    during: frozenset[str]
    """Texts that may be answered while it is under way."""
    after: str
    """The only text once it has returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The sum of a load."""

    total: int
    slow: int
    failed: tuple[Answer, ...]
    stale: tuple[Answer, ...]
    """Begun after a command had returned, and yet not the text of after it."""
    foreign: tuple[Answer, ...]
    """Begun during a command, with a text that should never have been served then."""
    in_flight: tuple[int, ...]
    """For each move, how many slow requests were begun before it ended and ended after it began."""
    again: tuple[Answer, ...]
    """Those that were asked a second time."""

    @property
    def reasons(self) -> dict[str, int]:
        """Why requests failed, and how often each."""
        return dict(Counter(answer.failure for answer in self.failed))


def account(answers: Sequence[Answer], moves: Sequence[Move]) -> Account:
    """Judge every answer by what was being done when it was asked.

    The first move is the deploy before the load: it has returned before the first request.
    """
    good = [answer for answer in answers if not answer.failure]
    stale: list[Answer] = []
    foreign: list[Answer] = []
    for answer in good:
        under_way, allowed = allowed_for(answer, moves)
        if answer.text not in allowed:
            (foreign if under_way else stale).append(answer)
    slow = [answer for answer in answers if answer.slow]
    return Account(
        total=len(answers),
        slow=len(slow),
        failed=tuple(answer for answer in answers if answer.failure),
        stale=tuple(stale),
        foreign=tuple(foreign),
        in_flight=tuple(
            sum(a.began < move.returned and a.ended > move.began for a in slow)
            for move in moves[1:]
        ),
        again=tuple(answer for answer in answers if answer.again),
    )


def allowed_for(answer: Answer, moves: Sequence[Move]) -> tuple[bool, frozenset[str]]:
    """Return whether a move was under way, and which texts an answer may have."""
    before = [move for move in moves if move.returned <= answer.began]
    allowed = {before[-1].after} if before else set()
    meeting = [m for m in moves if m.began < answer.ended and m.returned > answer.began]
    for move in meeting:
        allowed |= move.during | {move.after}
    return bool(meeting), frozenset(allowed)


def quick_percentiles(answers: Iterable[Answer]) -> tuple[float, float, float]:
    """Return the p50, p99 and maximum in seconds of the good answers that are not slow."""
    times = [answer.seconds for answer in answers if not answer.slow and not answer.failure]
    return percentile(times, 0.5), percentile(times, 0.99), max(times)
