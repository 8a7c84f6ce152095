"""Buildpacks that come as archives, which may be hostile."""

from __future__ import annotations

import stat
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Final

from dokkupy.errors import BuildFailed

MOST_BYTES: Final = 200 * 1024 * 1024
"""Of an archive, and of all that is in it."""
MOST_MEMBERS: Final = 20_000
SECONDS: Final = 300.0
_PIECE: Final = 1024 * 1024


def unpacked(url: str, target: Path) -> Path:
    """Download an archive and unpack it into the new folder `target`; return where it begins.

    Raises:
        BuildFailed: it cannot be had, is too large, or has members that no archive needs.
    """
    with tempfile.TemporaryFile() as file:
        _download(url, file)
        file.seek(0)
        target.mkdir()
        try:
            _unpack(file, target)
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
            raise _refused(url, f"it is no whole archive ({error})") from error
    inner = list(target.iterdir())
    alone = len(inner) == 1 and inner[0].is_dir() and not inner[0].is_symlink()
    # Archives that a forge makes of a repository have one folder around everything.
    return inner[0] if alone and inner[0].name != "bin" else target


def _download(url: str, file: IO[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - parsed as http(s)
            while piece := answer.read(_PIECE):
                file.write(piece)
                if file.tell() > MOST_BYTES:
                    raise _refused(url, "it is larger than 200 MiB")
                if time.monotonic() > deadline:
                    raise _refused(url, f"it was not complete after {SECONDS:g} s")
    except (urllib.error.URLError, OSError) as error:
        raise _refused(url, f"it cannot be fetched ({error})") from error


def _unpack(file: IO[bytes], target: Path) -> None:
    if zipfile.is_zipfile(file):
        file.seek(0)
        _unzip(file, target)
        return
    file.seek(0)
    with tarfile.open(fileobj=file, mode="r|*") as tar:
        for member in _counted(tar):
            path = _inside(member.name, target)
            if member.isdir():
                path.mkdir(parents=True, exist_ok=True)
            elif member.issym():
                _check_link(member.name, member.linkname)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.symlink_to(member.linkname)
            elif member.isreg():
                source = tar.extractfile(member)
                if source is not None:
                    _write(path, source, member.mode)
            else:
                raise ValueError(f"{member.name!a} is neither file, folder nor link")


def _counted(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    total = 0
    for number, member in enumerate(tar):
        total += member.size
        if number >= MOST_MEMBERS or total > MOST_BYTES:
            raise ValueError("it is too large when it is unpacked")
        yield member


def _unzip(file: IO[bytes], target: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS or sum(one.file_size for one in members) > MOST_BYTES:
            raise ValueError("it is too large when it is unpacked")
        for member in members:
            path, mode = _inside(member.filename, target), member.external_attr >> 16
            if member.is_dir():
                path.mkdir(parents=True, exist_ok=True)
            elif stat.S_ISLNK(mode) or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
                raise ValueError(f"{member.filename!a} is neither file nor folder")
            else:
                with archive.open(member) as source:
                    _write(path, source, mode)


def _inside(name: str, target: Path) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise ValueError(f"{name!a} leads out of it")
    found = target
    for part in path.parts:
        # A link that an earlier member has made must not lead a later one anywhere.
        if found.is_symlink():
            raise ValueError(f"{name!a} goes through a link")
        found = found / part
    if found.is_symlink():
        raise ValueError(f"{name!a} is there twice")
    return found


def _check_link(name: str, link: str) -> None:
    depth = len(PurePosixPath(name).parts) - 1
    for part in PurePosixPath(link).parts:
        depth += -1 if part == ".." else 1
        if depth < 0 or part == "/":
            raise ValueError(f"{name!a} links out of it")


def _write(path: Path, source: IO[bytes], mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    left = MOST_BYTES
    with path.open("xb") as file:
        while piece := source.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise ValueError("it is too large when it is unpacked")
            file.write(piece)
    path.chmod(0o755 if mode & stat.S_IXUSR else 0o644)


def _refused(url: str, reason: str) -> BuildFailed:
    return BuildFailed(
        f"The buildpack {url} cannot be used: {reason}.",
        hint="Look at it with: tar --list, or name a git repository instead.",
    )
