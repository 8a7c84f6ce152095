"""What of a directory is sent to a build, as a tar that is made while it is sent."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from dokkupy.errors import BuildFailed

IGNORE_FILE: Final = ".dockerignore"
_CHUNK: Final = 65536
_BLOCK: Final = tarfile.BLOCKSIZE


def read_dockerfile(context: Path, dockerfile: str) -> str:
    """Return the text of the Dockerfile.

    Raises:
        BuildFailed: it is not there, no text, or outside of the context.
    """
    path = _inside(context, dockerfile)
    if path is None:
        raise BuildFailed(
            f"The Dockerfile {dockerfile!a} leads out of the source.",
            hint="Keep the Dockerfile, and what it links to, inside the repository.",
        )
    if not path.is_file():
        raise BuildFailed(
            f"The source has no file {dockerfile!a} to build by.",
            hint="Commit the Dockerfile under that name.",
        )
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise BuildFailed(
            f"The Dockerfile {dockerfile!a} is not UTF-8 text.", hint="Save it as UTF-8."
        ) from error


def ignore_patterns(context: Path) -> list[str]:
    """Return the patterns of `.dockerignore`, none when there is no such file."""
    path = _inside(context, IGNORE_FILE)
    if path is None or not path.is_file():
        return []
    lines = (line.strip() for line in path.read_text(errors="replace").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def archive(context: Path, names: Iterable[str], extra: Mapping[str, str]) -> Iterator[bytes]:
    """Yield a tar of `names` below `context`, and of `extra` files with their text.

    Links stay links: nothing outside of the context is read. Devices, pipes and sockets are left
    out. Times are left out too; the builder's cache does not look at them.
    """
    pending = bytearray()
    for piece in _pieces(context, names, extra):
        pending += piece
        if len(pending) >= _CHUNK:
            yield bytes(pending)
            pending.clear()
    yield bytes(pending) + bytes(2 * _BLOCK)


def _pieces(context: Path, names: Iterable[str], extra: Mapping[str, str]) -> Iterator[bytes]:
    for name in sorted(set(names) - extra.keys()):
        path = context / name
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            yield _header(name, status.st_mode, tarfile.REGTYPE, size=status.st_size)
            yield from _content(path, status.st_size)
        elif stat.S_ISDIR(status.st_mode):
            yield _header(name, status.st_mode, tarfile.DIRTYPE)
        elif stat.S_ISLNK(status.st_mode):
            target = os.readlink(path)  # noqa: PTH115 - a Path would tidy the text up
            yield _header(name, status.st_mode, tarfile.SYMTYPE, link=target)
    for name, text in sorted(extra.items()):
        content = text.encode()
        yield _header(name, 0o644, tarfile.REGTYPE, size=len(content))
        yield content + _padding(len(content))


def _header(name: str, mode: int, kind: bytes, *, size: int = 0, link: str = "") -> bytes:
    info = tarfile.TarInfo(name)
    info.mode, info.type, info.size, info.linkname = stat.S_IMODE(mode), kind, size, link
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _content(path: Path, size: int) -> Iterator[bytes]:
    left = size
    with path.open("rb", buffering=0) as file:
        while left:
            chunk = file.read(min(left, _CHUNK))
            if not chunk:
                raise BuildFailed(
                    f"{path.name!a} became shorter while it was sent to the build.",
                    hint="Push again.",
                )
            left -= len(chunk)
            yield chunk
    yield _padding(size)


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _inside(context: Path, name: str) -> Path | None:
    """Return where `name` really is, or None when that is not below the context."""
    path = (context / name).resolve()
    return path if path.is_relative_to(context.resolve()) else None
