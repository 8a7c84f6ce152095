"""What names a buildpack: a bundled one, a git repository, an archive, or a folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, Self

from dokkupy.errors import Refused, UsageError
from dokkupy.repositories import RepositoryUrl

Kind = Literal["bundled", "git", "archive", "folder"]

BUNDLED: Final = ("python", "node")
"""In the order in which they are asked."""

_ARCHIVE: Final = (".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tar.xz", ".zip")
_REF: Final = re.compile(r"[A-Za-z0-9_][\w./+-]*")
_HINT: Final = (
    f"Use one of {', '.join(BUNDLED)}, a git URL such as https://HOST/buildpack.git#v1, "
    "or the URL of a .tgz."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a buildpack is."""

    kind: Kind
    where: str
    """A bundled name, a URL, or an absolute path."""
    ref: str = ""
    """The branch, tag or commit of a git repository; empty for its default branch."""


class Buildpack(str):
    """A buildpack as people name it: `python`, `https://host/pack.git#v2`, `/srv/packs/own`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return `text` if it names a buildpack.

        Raises:
            UsageError: it is of no kind that there is.
        """
        pack = cls(text.strip())
        pack.place()
        return pack

    def place(self) -> Place:
        """Return where it is.

        Raises:
            UsageError: it is of no kind that there is.
        """
        url, mark, ref = self.partition("#")
        # What other systems call theirs: heroku/python.
        known = url.removeprefix("heroku/").removesuffix("js")
        if known in BUNDLED and not mark:
            return Place(kind="bundled", where=known)
        if url.startswith("/") and not mark and url.isprintable():
            return Place(kind="folder", where=url)
        if mark and (not _REF.fullmatch(ref) or ".." in ref):
            raise UsageError(f"{ref!a:.100} is no branch, tag or commit.", hint=_HINT)
        if url.startswith("/"):
            raise UsageError(f"{self!a:.200} names no buildpack.", hint=_HINT)
        try:
            repository = RepositoryUrl.parse(url)
        except UsageError:
            shown = re.sub(r"//[^/@]*@", "//", self[:200])
            raise UsageError(f"{shown!a} names no buildpack.", hint=_HINT) from None
        if url.startswith("https://") and url.endswith(_ARCHIVE) and not mark:
            return Place(kind="archive", where=url)
        return Place(kind="git", where=repository, ref=ref)

    def refuse_from_afar(self) -> None:
        """Let a folder of the server be named by those alone who are there.

        Raises:
            Refused: it is one.
        """
        if self.place().kind == "folder":
            raise Refused(
                "A folder of the server can be a buildpack only for who is on the server.",
                hint="Give the URL of a git repository or of an archive.",
            )

    @property
    def short(self) -> str:
        """What to call it in a line of output."""
        place = self.place()
        return place.where if place.kind == "bundled" else str(self)


class BuildpackList(str):
    """Buildpacks in the order in which they run, separated by spaces."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the buildpacks of `text`, each checked.

        Raises:
            UsageError: one of them is of no kind that there is.
        """
        return cls(" ".join(Buildpack.parse(word) for word in text.split()))

    @property
    def packs(self) -> list[Buildpack]:
        """The buildpacks."""
        return [Buildpack(word) for word in self.split()]

    def refuse_from_afar(self) -> None:
        """Let folders of the server be named by those alone who are there.

        Raises:
            Refused: one of the buildpacks is one.
        """
        for pack in self.packs:
            pack.refuse_from_afar()
