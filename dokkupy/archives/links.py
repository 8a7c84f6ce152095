"""Where the symbolic links of an archive lead, found out without a file system."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final, TypeAlias

from dokkupy.errors import Refused

Place: TypeAlias = tuple[str, ...]
"""A path below the top, part by part."""

LONGEST_PATH: Final = 3072
"""Bytes of a path; with the folder above it it stays below the 4,096 of Linux."""
MOST_STEPS: Final = 2_000_000
"""How far all links together are followed; a thousand links take some ten thousand."""
MOST_IN_A_ROW: Final = 40
"""As many as Linux follows."""


def refuse_leading_out(links: Mapping[Place, str]) -> None:
    """Follow every link, through other links too, as the kernel would.

    Raises:
        Refused: one leads out of the archive, in circles, or nowhere possible.
    """
    left = MOST_STEPS
    for place, target in links.items():
        name = "/".join(place)
        if not target.isprintable() or not 0 < len(target) <= LONGEST_PATH:
            raise refused(name, "is a link to no possible name")
        steps = _followed(links, place, target, left)
        if steps is None:
            raise refused(name, f"is a link to {target!a:.120}, outside of it")
        left -= steps
        if left <= 0:
            raise refused(name, "is a link that leads in circles or too far")


def _followed(links: Mapping[Place, str], place: Place, target: str, limit: int) -> int | None:
    """Return how many steps a link takes, `limit` for too many, None when it leads out."""
    here, todo, steps, followed = list(place[:-1]), deque([target]), 0, 0
    while todo:
        first, slash, rest = todo.popleft().partition("/")
        steps += 1
        if steps >= limit or followed > MOST_IN_A_ROW:
            return limit
        if slash and not first:  # from the very top of the machine
            return None
        if rest := rest.lstrip("/"):
            todo.appendleft(rest)
        if first == "..":
            if not here:
                return None
            here.pop()
        elif first != ".":
            here.append(first)
            if (onward := links.get(tuple(here))) is not None:
                followed += 1
                here.pop()
                todo.appendleft(onward)
    return steps


def refused(name: str, why: str) -> Refused:
    """Return the error for a member that no app has."""
    return Refused(
        f"{name!a:.120} in the archive {why}.",
        hint="Pack the app's own files from its own folder: git archive, or tar --create .",
    )
