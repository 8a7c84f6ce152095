"""What a part of the benchmark found, fit for a table and for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks.samples import Samples

Unit = Literal["s", "ms", "µs", "x"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One row: a quantity and, where there is one, what it may be at most."""

    what: str
    unit: Unit
    samples: Samples
    limit: float | None = None
    """What the median must not exceed."""
    aim: float | None = None
    """What the median should not exceed."""

    @property
    def verdict(self) -> str:
        """Say how the median stands to aim and limit."""
        median = self.samples.median
        if self.limit is not None and median > self.limit:
            return f"over the limit of {self.limit:g} {self.unit}"
        if self.aim is not None and median > self.aim:
            return f"within the limit of {self.limit:g}, aim {self.aim:g} {self.unit}"
        if self.aim is not None:
            return f"reaches the aim of {self.aim:g} {self.unit}"
        return "" if self.limit is None else f"within the limit of {self.limit:g} {self.unit}"

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "what": self.what,
            "unit": self.unit,
            "median": self.samples.median,
            "min": self.samples.least,
            "max": self.samples.most,
            "runs": self.samples.count,
            "values": list(self.samples.values),
            "limit": self.limit,
            "aim": self.aim,
            "verdict": self.verdict,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One row that is counted, not timed."""

    what: str
    value: int
    must: int | None = None
    """The only value that will do."""

    @property
    def verdict(self) -> str:
        """Say whether it is what it must be."""
        if self.must is None:
            return ""
        return f"must be {self.must}" + ("" if self.met else ": IT IS NOT")

    @property
    def met(self) -> bool:
        """Whether it is what it must be."""
        return self.must is None or self.value == self.must

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"what": self.what, "value": self.value, "must": self.must, "met": self.met}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything that one part found."""

    part: str
    conditions: Sequence[str]
    """How it was measured, one sentence each."""
    measures: Sequence[Measure] = ()
    counts: Sequence[Count] = ()
    remarks: Sequence[str] = ()
    """What a reader must know of this run, such as each failure with its reason."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """More for JSON alone."""

    @property
    def met(self) -> bool:
        """Whether every count is what it must be; times are judged by people, not by this."""
        return all(count.met for count in self.counts)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "part": self.part,
            "conditions": list(self.conditions),
            "measures": [measure.as_dict() for measure in self.measures],
            "counts": [count.as_dict() for count in self.counts],
            "remarks": list(self.remarks),
            "met": self.met,
            **self.detail,
        }


def table(result: Result) -> str:
    """Return a result as text for people."""
    rows: list[tuple[str, ...]] = [("", "median", "min", "max", "runs", "")]
    for measure in result.measures:
        samples = measure.samples
        shown = [_number(v, measure.unit) for v in (samples.median, samples.least, samples.most)]
        rows.append((measure.what, *shown, str(samples.count), measure.verdict))
    rows += [(count.what, str(count.value), "", "", "", count.verdict) for count in result.counts]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [f"== {result.part}", *(f"   {text}" for text in result.conditions), ""]
    for what, *numbers, verdict in rows:
        cells = [what.ljust(widths[0])]
        cells += [text.rjust(width) for text, width in zip(numbers, widths[1:], strict=True)]
        lines.append(f"   {'  '.join(cells)}  {verdict}".rstrip())
    return "\n".join([*lines, *(f"   {text}" for text in result.remarks)])


def _number(value: float, unit: Unit) -> str:
    return {
        "s": f"{value:.3f} s",
        "ms": f"{value:.1f} ms",
        "µs": f"{value:.0f} µs",
        "x": f"{value:.2f} x",
    }[unit]
