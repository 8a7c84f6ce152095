"""How many cases each property is given, and how many there were in all."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ONE: Final = {"dev": 5, "ci": 40, "full": 1000}
"""Profile -> cases that a weight of 1 stands for; the weights of all properties sum up to 100."""

counted: Counter[str] = Counter()
"""Name of a property -> cases that it was given so far."""

Property = Callable[..., None]


def register_profiles() -> None:
    """Tell Hypothesis of the profiles; `ci` until `--hypothesis-profile` says otherwise.

    Only `full` looks for new cases each time. The others repeat theirs, so that a change is
    judged by the same cases as the one before it.
    """
    for name, cases in ONE.items():
        settings.register_profile(
            name,
            max_examples=cases,
            derandomize=name != "full",
            database=None,
            deadline=None,
            print_blob=True,
            suppress_health_check=[
                HealthCheck.function_scoped_fixture,
                HealthCheck.too_slow,
                HealthCheck.data_too_large,
            ],
        )
    settings.load_profile("ci")


def hostile(
    weight: float, *values: st.SearchStrategy[Any], **named: st.SearchStrategy[Any]
) -> Callable[[Property], Property]:
    """Let a property hold for as many cases as its weight is worth."""

    def mark(claim: Property) -> Property:
        @functools.wraps(claim)
        def count(*args: object, **kwargs: object) -> None:
            counted[claim.__name__] += 1
            claim(*args, **kwargs)

        cases = max(1, round(settings().max_examples * weight))
        marked: Property = settings(max_examples=cases)(given(*values, **named)(count))
        return marked

    return mark
