"""The submodules of a source: fetched at the commits that it names, and kept for the next time."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dokkupy import git, repositories
from dokkupy.errors import BuildFailed, Refused, StateError, UsageError
from dokkupy.repositories import RepositoryUrl
from dokkupy.submodule_cache import SubmoduleCache

DEEPEST: Final = 8
"""Submodules within submodules."""
MOST: Final = 200
"""Submodules of one source, those of submodules too."""
_KEY: Final = re.compile(r"submodule\.(?P<name>.*)\.(?P<key>path|url)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A source, or a submodule of it, whose own submodules are wanted."""

    repository: Path
    revision: str
    tree: Path
    """Where its files are."""
    origin: str = ""
    """The URL that relative ones are beside; empty when it was pushed from who knows where."""
    depth: int = 0
    name: str = ""
    """Its path in the source; empty for the source itself."""


class Submodules:
    """The submodules of one source, and where they are kept."""

    def __init__(
        self,
        cache: SubmoduleCache,
        room: Path,
        tell: Callable[[str], None],
        *,
        ssh: str = repositories.SSH,
    ) -> None:
        self._cache = cache
        self._index = room / "submodule.index"
        self._tell = tell
        self._ssh = ssh
        self._count = 0

    def export(self, place: Place) -> None:
        """Write the files of every submodule into its folder, those of submodules too.

        Raises:
            BuildFailed: one cannot be had; the error names it, and the command that mends it.
        """
        file = place.tree / git.MODULES_FILE
        if file.is_symlink() or not file.is_file():
            return  # without this file nobody has meant a submodule
        urls = _declared(place)
        for path, revision in sorted(git.submodules(place.repository, place.revision).items()):
            name = f"{place.name}/{path}".lstrip("/")
            self._count += 1
            if place.depth >= DEEPEST or self._count > MOST:
                raise BuildFailed(
                    f"The submodule {name!a:.200} is one of more than {MOST}, or lies more than "
                    f"{DEEPEST} submodules deep.",
                    hint="See whether it contains itself: git submodule status --recursive",
                )
            url = _url(place, name, urls.get(path))
            repository = self._fetched(url, revision, name)
            self.export(
                Place(
                    repository=repository,
                    revision=revision,
                    tree=self._written(repository, revision, place.tree, path, name),
                    origin=url,
                    depth=place.depth + 1,
                    name=name,
                )
            )

    def _fetched(self, url: RepositoryUrl, revision: str, name: str) -> Path:
        """Return the repository that holds a commit, fetched when it is not here yet."""
        with self._cache.repository(url) as repository:
            if git.has_commit(repository, revision):
                return repository
            self._tell(f"Fetching the submodule {name} from {url}")
            try:
                _fetch(repository, url, revision, self._ssh)
            except Refused as error:
                raise BuildFailed(
                    f"The submodule {name!a:.200} cannot be fetched from {url}.",
                    hint=f"{error.hint}. Where it is: "
                    f"git submodule set-url {shlex.quote(name)} URL",
                    detail=error.detail,
                ) from error
        if not git.has_commit(repository, revision):
            raise BuildFailed(
                f"The submodule {name!a:.200} is at {revision[:12]}, which {url} does not have.",
                hint=f"Push that commit there: git -C {shlex.quote(name)} push, or go to one that "
                f"it has: git submodule update --remote {shlex.quote(name)}",
            )
        return repository

    def _written(self, repository: Path, revision: str, tree: Path, path: str, name: str) -> Path:
        folder = tree / path
        if folder.resolve() != tree.resolve() / path or not folder.is_dir():
            raise BuildFailed(
                f"The submodule {name!a:.200} has no folder of its own.",
                hint=f"Add it anew: git rm {shlex.quote(name)} && "
                f"git submodule add URL {shlex.quote(name)}",
            )
        try:
            git.checkout(repository, revision, folder, self._index)
        finally:
            self._index.unlink(missing_ok=True)
        return folder


def _declared(place: Place) -> Mapping[str, str]:
    """Return path -> URL of what a source's `.gitmodules` says."""
    urls: dict[str, str] = {}
    paths: dict[str, str] = {}
    try:
        settings = git.blob_settings(place.repository, f"{place.revision}:{git.MODULES_FILE}")
    except StateError as error:
        raise BuildFailed(
            f"{f'{place.name}/{git.MODULES_FILE}'.lstrip('/')!a:.200} cannot be read.",
            hint=f"See where it is wrong: git config --file {git.MODULES_FILE} --list",
            detail=error.detail,
        ) from error
    for key, value in settings:
        if found := _KEY.fullmatch(key):
            (urls if found["key"] == "url" else paths)[found["name"]] = value
    return {path: urls[name] for name, path in paths.items() if name in urls}


def _url(place: Place, name: str, said: str | None) -> RepositoryUrl:
    if said is None:
        raise BuildFailed(
            f"The submodule {name!a:.200} has no URL in {git.MODULES_FILE}.",
            hint=f"Add it: git submodule add URL {shlex.quote(name)}, or take it out: "
            f"git rm --cached {shlex.quote(name)}",
        )
    mend = f"git submodule set-url {shlex.quote(name)} https://…"
    try:
        if said.startswith(("./", "../")):
            if not place.origin:
                raise UsageError(f"{said!a:.200} is beside nothing that is known here.")
            url = RepositoryUrl.parse(place.origin).beside(said)
        else:
            url = RepositoryUrl.parse(said)
        if url.near:
            raise UsageError(f"{said!a:.200} is a folder, which no other machine has.")
    except UsageError as error:
        raise BuildFailed(
            f"The submodule {name!a:.200} cannot be fetched: {error.message}",
            hint=f"Give it a whole URL of https or ssh, without a password: {mend}",
        ) from error
    return url


def _fetch(repository: Path, url: RepositoryUrl, revision: str, ssh: str) -> None:
    try:
        # Most servers give any commit, and then nothing else has to come.
        wanted = f"refs/dokkupy/{revision}"
        repositories.fetch(repository, url, revision, wanted, depth=1, ssh=ssh)
    except Refused:
        repositories.fetch(repository, url, "refs/*", "refs/theirs/*", ssh=ssh)
