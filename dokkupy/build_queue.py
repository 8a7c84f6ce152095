"""How many builds run side by side on this host; the others wait in the order in which they came.

Builds are the work that takes a host's memory and processors; apps that serve come first.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dokkupy.locks import build_lock

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.report import Report

MOST_BUILD_MEMORY: Final = 2 * 1024**3
"""Bytes that one build may take at most; on a small host half of its memory is less."""
SHARE: Final = 0.75
"""Of the host's memory, what all builds together may take."""


@contextmanager
def turn(platform: Platform, report: Report, what: str) -> Iterator[None]:
    """Hold one of the host's places for builds, after those who came before."""
    with build_lock(
        platform.paths,
        places(platform),
        what=what,
        actor=platform.actor,
        on_wait=lambda holder: report.progress(
            f"Waiting: the host is busy with {holder or 'another build'}"
        ),
    ):
        yield


def places(platform: Platform) -> int:
    """Return how many builds may run at once: as was set, or as many as the host can take."""
    chosen = platform.properties.get("builds", "", "at-once")
    if chosen is not None:
        return int(chosen)
    by_memory = int(host_memory() * SHARE // build_memory())
    return max(1, min(os.cpu_count() or 1, by_memory))


def build_memory() -> int:
    """Return how many bytes one build may take on this host."""
    return min(MOST_BUILD_MEMORY, host_memory() // 2)


def host_memory() -> int:
    """Return how many bytes of memory the host has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
