"""Getting buildpacks: bundled ones, folders, git repositories and archives."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from dokkupy import archives, git
from dokkupy.archives import download
from dokkupy.archives.tree import Leaf
from dokkupy.errors import BuildFailed, NotFound, Refused, UsageError
from dokkupy.repositories import RepositoryUrl, fetch, look
from dokkupy_buildpacks.references import Buildpack, Place

LIMITS: Final = archives.Limits(unpacked=200 * 1024 * 1024, members=20_000)
"""Of an archive: the largest buildpacks that there are have some megabytes."""
_REF: Final = "refs/heads/pack"
_PIECE: Final = 65536


@contextmanager
def fetched(
    packs: Sequence[Buildpack], work: Path, on_line: Callable[[str], None]
) -> Iterator[tuple[Path, ...]]:
    """Give the folder of each buildpack for the time of a block; nothing of them runs here.

    They lie below `work`, which goes with the build also when its process is killed.

    Raises:
        BuildFailed: one cannot be had.
    """
    with tempfile.TemporaryDirectory(prefix="buildpacks-", dir=work) as directory:
        yield tuple(
            _fetch(pack, Path(directory, str(number)), on_line) for number, pack in enumerate(packs)
        )


def _fetch(pack: Buildpack, work: Path, on_line: Callable[[str], None]) -> Path:
    place = pack.place()
    if place.kind == "bundled":
        return Path(__file__).parent / "bundled" / place.where
    if place.kind == "folder":
        program = Path(place.where, "bin/compile")
        # Nothing but a buildpack is ever taken from the server into a build.
        if program.is_symlink() or not program.is_file():
            raise BuildFailed(
                f"{pack} is no folder of this server with a buildpack in it.",
                hint="Name one that has bin/compile.",
            )
        return Path(place.where)
    on_line(f"-----> Fetching {pack.short}")
    target = work / "pack"
    target.mkdir(parents=True)
    try:
        if place.kind == "archive":
            with download.opened(place.where) as stream:
                unpack(stream, target, work)
            return _with_bin(target, work)
        _clone(place, target, work)
    except (NotFound, Refused, UsageError) as error:
        raise BuildFailed(
            f"The buildpack {pack.short} cannot be had: {error.message}",
            hint=f"{error.hint} See also: dokkupy buildpacks list APP",
            detail=error.detail,
        ) from error
    return target


def _clone(place: Place, target: Path, work: Path) -> None:
    repository, url = work / "pack.git", RepositoryUrl.parse(place.where)
    subprocess.run(
        ["git", "init", "--quiet", "--bare", "--template=", str(repository)],
        env=git.environment(),
        stdin=subprocess.DEVNULL,
        check=True,
    )
    found = look(repository, url, place.ref or None)
    try:
        commit = fetch(repository, url, found.source, _REF, depth=1)
    except Refused as error:
        # A server of plain files has no part of a history to give.
        if "dumb http" not in error.detail:
            raise
        commit = fetch(repository, url, found.source, _REF)
    git.checkout(repository, commit, target, work / "index")


def _with_bin(folder: Path, work: Path) -> Path:
    """Return where a buildpack begins: the one folder `bin` around everything is no name of it."""
    if not (folder / "compile").is_file() or (folder / "bin").exists():
        return folder
    above = work / "above"
    above.mkdir()
    folder.rename(above / "bin")
    return above


def unpack(stream: IO[bytes], target: Path, work: Path) -> None:
    """Write what an archive holds into an empty folder, once all of it has been looked through.

    Raises:
        UsageError: it is no archive, or not all of one.
        Refused: it is beyond the limits, or holds what no buildpack does.
    """
    tree = archives.Tree(LIMITS)
    blobs = work / "blobs"
    blobs.mkdir()
    for mark, member in enumerate(archives.members(stream, LIMITS, work)):
        place = tree.place(member)
        if place is None:
            continue
        if member.kind == "copy":
            tree.add(place, tree.copied(member))
        elif member.kind == "link":
            tree.add(place, Leaf(mark=0, target=member.target))
        else:
            with (blobs / str(mark)).open("wb") as file:
                shutil.copyfileobj(member.content, file, _PIECE)
            tree.add(place, Leaf(mark=mark, executable=member.executable))
    for place, leaf in tree.files():
        path = target.joinpath(*place)
        path.parent.mkdir(parents=True, exist_ok=True)
        if leaf.target is not None:
            path.symlink_to(leaf.target)
        else:
            shutil.copyfile(blobs / str(leaf.mark), path)
            path.chmod(0o755 if leaf.executable else 0o644)
