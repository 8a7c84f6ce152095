"""What an archive's members come to as the files of one commit: their names, links and copies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dokkupy.archives import links
from dokkupy.archives.links import LONGEST_PATH, Place, refused
from dokkupy.archives.member import Limits, Member
from dokkupy.errors import Refused

LONGEST_NAME: Final = 255
"""Bytes of one part of a path, as file systems have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One file or link of the commit."""

    mark: int
    """Which blob it is."""
    executable: bool = False
    target: str | None = None
    """Where it leads, when it is a link."""


class Tree:
    """The files of an archive, taken one by one and judged as a whole at the end."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._leaves: dict[Place, Leaf] = {}
        self._folders: set[Place] = set()
        self._count = 0
        self.left_out = False
        """Whether a folder `.git` was left out: an app's history is not a part of it."""

    def place(self, member: Member) -> Place | None:
        """Return where a member belongs; None for what is left out, and for a folder.

        Raises:
            Refused: its name leads out, is no name, or is taken.
        """
        self._count += 1
        if self._count > self._limits.members:
            raise Refused(
                f"The archive holds more than {self._limits.members} files.",
                hint="Leave out what the build makes or fetches itself.",
            )
        place = _place(member.name)
        if any(part.lower() == ".git" for part in place):
            self.left_out = True
            return None
        if len(place) > self._limits.depth:
            raise refused(member.name, f"lies more than {self._limits.depth} folders deep")
        if member.kind == "folder" or not place:
            self._folders.add(place)
            if member.kind != "folder":
                raise refused(member.name, "has no name")
            return None
        if place in self._leaves:
            raise refused(member.name, "is there twice")
        return place

    def add(self, place: Place, leaf: Leaf) -> None:
        """Put a file or a link at a place."""
        self._leaves[place] = leaf

    def copied(self, member: Member) -> Leaf:
        """Return the file that a copy is of.

        Raises:
            Refused: there is none before it.
        """
        leaf = self._leaves.get(_place(member.target))
        if leaf is None or leaf.target is not None:
            raise refused(
                member.name, f"is linked to {member.target!a:.120}, which is no file of it"
            )
        return leaf

    def files(self) -> Iterator[tuple[Place, Leaf]]:
        """Yield what there is, without a single folder that holds everything else.

        Raises:
            Refused: a file is a folder too, a link leads out, or there is nothing.
        """
        if not self._leaves:
            raise Refused("The archive holds no files.", hint="See what it holds: tar --list")
        for place in (*self._leaves, *self._folders):
            for length in range(1, len(place) + (place in self._folders)):
                if place[:length] in self._leaves:
                    raise refused("/".join(place[:length]), "is a file and a folder too")
        skipped = self._single_top()
        leaves = {place[skipped:]: leaf for place, leaf in self._leaves.items()}
        links.refuse_leading_out(
            {place: leaf.target for place, leaf in leaves.items() if leaf.target is not None}
        )
        yield from sorted(leaves.items())

    def _single_top(self) -> int:
        """Return 1 when all lies in one folder, whose name is then the archive's own."""
        alone = len({place[0] for place in self._leaves}) == 1
        return int(alone and all(len(place) > 1 for place in self._leaves))


def _place(name: str) -> Place:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise refused(name, "is not named in UTF-8") from None
    if name.startswith("/"):
        raise refused(name, "has an absolute path")
    if not name.isprintable():
        raise refused(name, "has control characters in its name")
    place = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in place:
        raise refused(name, "leads out of it with `..`")
    if size > LONGEST_PATH or any(len(part.encode()) > LONGEST_NAME for part in place):
        raise refused(name, "has too long a name")
    return place
