"""What of a folder is sent to a build, as a tar that is made while it is sent."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dokkupy.engine_docker.wire import Upload
from dokkupy.errors import BuildFailed

IGNORE_FILE: Final = ".dockerignore"
_CHUNK: Final = 65536
_BLOCK: Final = tarfile.BLOCKSIZE
_END: Final = bytes(2 * _BLOCK)


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


def ignore_text(context: Path) -> str:
    """Return what is in `.dockerignore`; empty when there is no such file in the context."""
    path = _inside(context, IGNORE_FILE)
    return path.read_text(errors="replace") if path is not None and path.is_file() else ""


def tarball(context: Path, names: Iterable[str], extra: Mapping[str, str]) -> Upload:
    """Return a tar of `names` below `context`, and of `extra` files with their text.

    Links stay links: nothing outside of the context is read. Devices, pipes and sockets are left
    out. Times are left out too; the builder's cache does not look at them.
    """
    members = list(_members(context, sorted(set(names) - extra.keys())))
    texts = {name: text.encode() for name, text in sorted(extra.items())}
    for name, text in texts.items():
        members.append(_Member(header=_header(name, 0o644, tarfile.REGTYPE, size=len(text)) + text))
    ends = sum(len(member.header) + -len(member.header) % _BLOCK for member in members)
    size = ends + sum(member.size + -member.size % _BLOCK for member in members) + len(_END)
    return Upload(size=size, pieces=_gathered(members))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    header: bytes
    """What comes first: the tar header, for an extra file its text too."""
    path: Path | None = None
    """The file whose `size` bytes follow."""
    size: int = 0


def _members(context: Path, names: Iterable[str]) -> Iterator[_Member]:
    for name in names:
        path = context / name
        status = path.lstat()
        mode, size = status.st_mode, status.st_size
        if stat.S_ISREG(mode):
            header = _header(name, mode, tarfile.REGTYPE, size=size)
            yield _Member(header=header, path=path, size=size)
        elif stat.S_ISDIR(mode):
            yield _Member(header=_header(name, mode, tarfile.DIRTYPE))
        elif stat.S_ISLNK(mode):
            target = os.readlink(path)  # noqa: PTH115 - a Path would tidy the text up
            yield _Member(header=_header(name, mode, tarfile.SYMTYPE, link=target))


def _gathered(members: Iterable[_Member]) -> Iterator[bytes]:
    """Yield the archive in pieces that are worth a system call each."""
    pending = bytearray()
    for member in members:
        pending += member.header + bytes(-len(member.header) % _BLOCK)
        if member.path is not None:
            for chunk in _content(member.path, member.size):
                pending += chunk
                if len(pending) >= _CHUNK:
                    yield bytes(pending)
                    pending.clear()
    yield bytes(pending) + _END


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
    yield bytes(-size % _BLOCK)


def _inside(context: Path, name: str) -> Path | None:
    """Return where `name` really is, or None when that is not below the context."""
    path = (context / name).resolve()
    return path if path.is_relative_to(context.resolve()) else None
