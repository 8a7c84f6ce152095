"""Repeated measurements: their middle, their extremes, and ratios between paired ones."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Samples:
    """Values of one quantity in the order in which they were measured."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("nothing was measured")

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.values)

    @property
    def median(self) -> float:
        """The middle one, or the mean of the two in the middle."""
        return statistics.median(self.values)

    @property
    def least(self) -> float:
        """The smallest."""
        return min(self.values)

    @property
    def most(self) -> float:
        """The largest."""
        return max(self.values)

    def times(self, factor: float) -> Samples:
        """Return the same in another unit."""
        return Samples(tuple(value * factor for value in self.values))

    def over(self, floor: Samples) -> Samples:
        """Return the ratio to `floor`, round by round.

        Two values of one round were measured within seconds of each other, so that what slows
        down the machine slows down both; the ratio of two medians would not have that.

        Raises:
            ValueError: they are not of the same rounds.
        """
        return Samples(tuple(a / b for a, b in zip(self.values, floor.values, strict=True)))

    def minus(self, other: Samples) -> Samples:
        """Return the difference to `other`, round by round.

        Raises:
            ValueError: they are not of the same rounds.
        """
        return Samples(tuple(a - b for a, b in zip(self.values, other.values, strict=True)))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` (0 to 1) of all do not exceed.

    This is the nearest rank: always a value that was measured, never one in between.
    """
    if not values or not 0 < share <= 1:
        raise ValueError("no values, or a share that is none")
    return sorted(values)[math.ceil(share * len(values)) - 1]
