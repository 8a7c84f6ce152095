"""The repositories of submodules that are kept between builds, and what of them can go."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dokkupy import git

if TYPE_CHECKING:
    from dokkupy.repositories import RepositoryUrl


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A repository that is kept."""

    path: Path
    url: str
    bytes: int
    used_at: float
    """Seconds since the epoch (UTC)."""


class SubmoduleCache:
    """One bare repository per URL, whichever app asks for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let nothing be removed during a block."""
        with self._locked("lock", fcntl.LOCK_SH):
            yield

    @contextmanager
    def repository(self, url: RepositoryUrl) -> Iterator[Path]:
        """Give the repository for a URL, made when it is new, to this block alone."""
        key = hashlib.sha256(url.encode()).hexdigest()[:32]
        path = self._folder / f"{key}.git"
        with self._locked(f"{key}.lock", fcntl.LOCK_EX):
            if not (path / "HEAD").exists():
                git.make_bare(path)
            (path / "description").write_text(url)
            yield path

    def beyond(self, limit: int) -> list[Kept]:
        """Return what was used least recently: without it the rest takes `limit` bytes at most."""
        kept = sorted(map(_look, self._folder.glob("*.git")), key=lambda one: one.used_at)
        left = sum(one.bytes for one in kept)
        found: list[Kept] = []
        for one in kept:
            if left <= limit:
                break
            found.append(one)
            left -= one.bytes
        return found

    def remove(self, path: Path) -> None:
        """Remove a repository, unless a build uses any just now: then it stays until later."""
        try:
            with self._locked("lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
                shutil.rmtree(path, ignore_errors=True)
                path.with_suffix(".lock").unlink(missing_ok=True)
        except BlockingIOError:
            return

    @contextmanager
    def _locked(self, name: str, how: int) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)


def _look(path: Path) -> Kept:
    told = path / "description"
    try:
        url, used_at = told.read_text(), told.stat().st_mtime
    except FileNotFoundError:  # whoever made the repository was killed, or somebody removes it
        url, used_at = "", 0.0
    return Kept(path=path, url=url, bytes=sum(_sizes(path)), used_at=used_at)


def _sizes(top: Path) -> Iterator[int]:
    for folder, _, names in os.walk(top):
        for name in names:
            with suppress(FileNotFoundError):  # a fetch has ended meanwhile
                yield Path(folder, name).lstat().st_size
