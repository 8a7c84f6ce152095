"""Getting buildpacks: bundled ones, folders, git repositories and archives."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dokkupy.errors import BuildFailed
from dokkupy_buildpacks.archives import unpacked
from dokkupy_buildpacks.references import Buildpack, Place

GIT_SECONDS: Final = 300
SCHEMES: Final = "https:http:git:ssh"
"""What git may speak; `ext` and `file` would let a URL run or read things of this host."""


@contextmanager
def fetched(
    packs: Sequence[Buildpack], on_line: Callable[[str], None]
) -> Iterator[tuple[Path, ...]]:
    """Give the folder of each buildpack for the time of a block; nothing of them runs here.

    Raises:
        BuildFailed: one cannot be had.
    """
    with tempfile.TemporaryDirectory(prefix="dokkupy-buildpacks-") as directory:
        yield tuple(
            _fetch(pack, Path(directory, str(number)), on_line) for number, pack in enumerate(packs)
        )


def _fetch(pack: Buildpack, target: Path, on_line: Callable[[str], None]) -> Path:
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
    if place.kind == "archive":
        return unpacked(place.where, target)
    return _cloned(pack, place, target)


def _cloned(pack: Buildpack, place: Place, target: Path) -> Path:
    git = ["git", "-c", "init.defaultBranch=main", "-C", str(target)]
    target.mkdir()
    _git([*git, "init", "--quiet"], pack)
    # A commit's id can be asked for as well as a name, on every server of today.
    wanted = place.ref or "HEAD"
    _git([*git, "fetch", "--quiet", "--depth=1", "--no-tags", "--", place.where, wanted], pack)
    _git([*git, "checkout", "--quiet", "--detach", "FETCH_HEAD"], pack)
    shutil.rmtree(target / ".git")
    return target


def _git(command: list[str], pack: Buildpack) -> None:
    environment = {
        **os.environ,
        "GIT_ALLOW_PROTOCOL": SCHEMES,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
        "GIT_CONFIG_NOSYSTEM": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=GIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _unreachable(pack, f"It was not complete after {GIT_SECONDS} s.") from error
    if done.returncode:
        raise _unreachable(pack, done.stderr.strip())


def _unreachable(pack: Buildpack, detail: str) -> BuildFailed:
    return BuildFailed(
        f"The buildpack {pack.short} cannot be fetched.",
        hint=f"See whether it is there: git ls-remote {pack.short.partition('#')[0]}",
        detail=detail,
    )
