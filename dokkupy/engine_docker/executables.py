"""Finding the file that a command names inside a container, and reading how it begins."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Iterator, Mapping
from typing import Any, Final

from dokkupy.engine_docker.client import Client
from dokkupy.engine_docker.wire import Stream, open_stream
from dokkupy.errors import EngineError, NotFound
from dokkupy.executable import HEAD_BYTES, Executable

_LINKS: Final = 8
"""How many links are followed."""
_ENOUGH: Final = 8192
"""Bytes of an archive that hold its first header, however long the name is, and more."""
_USUAL_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def find(client: Client, container: str, word: str) -> Executable | None:
    """Return the file that `word` names for the first process of a container."""
    raw = client.get(f"/containers/{container}/json")
    found = (_follow(client, raw["Id"], path) for path in _places(raw["Config"], word))
    for one in filter(None, found):
        path, member, head = one
        return Executable(word=word, path=path, mode=member.mode & 0o7777, head=head)
    return None


def _places(config: Mapping[str, Any], word: str) -> Iterator[str]:
    folder = posixpath.join("/", config.get("WorkingDir") or "/")
    if "/" in word:
        yield posixpath.normpath(posixpath.join(folder, word))
        return
    env = dict(pair.partition("=")[::2] for pair in config.get("Env") or ())
    for entry in env.get("PATH", _USUAL_PATH).split(":"):
        yield posixpath.normpath(posixpath.join(folder, entry, word))


def _follow(client: Client, container: str, path: str) -> tuple[str, tarfile.TarInfo, bytes] | None:
    for _ in range(_LINKS):
        try:
            with open_stream(
                client.socket, "GET", f"/containers/{container}/archive", query={"path": path}
            ) as stream:
                member, head = _first(stream)
        except NotFound:
            return None
        except EngineError as error:
            if "too many links" in error.message:
                return None
            raise
        if not member.issym():
            return (path, member, head) if member.isfile() else None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), member.linkname))
    return None


def _first(stream: Stream) -> tuple[tarfile.TarInfo, bytes]:
    """Return the one member of an archive and its first bytes, whatever its size."""
    received = b""
    while len(received) < _ENOUGH and (arrived := stream.read()):
        received += arrived
    with tarfile.open(fileobj=io.BytesIO(received), mode="r|") as archive:
        member = next(iter(archive))
    return member, received[member.offset_data :][: min(member.size, HEAD_BYTES)]
