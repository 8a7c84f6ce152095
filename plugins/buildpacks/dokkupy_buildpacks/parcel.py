"""What a build container is handed: the request, the buildpacks, their environment, a source."""

from __future__ import annotations

import io
import json
import os
import stat
import tarfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

_PIECE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Everything that one build needs inside."""

    request: Callable[[], Mapping[str, object]]
    """Called when it is written, in a thread of its own."""
    packs: tuple[Path, ...]
    """The folder of each buildpack."""
    env: Mapping[str, str] = field(repr=False)
    programs: Mapping[str, bytes]
    """Name -> what comes first in PATH under it."""
    source: Path

    def write(self, stream: IO[bytes]) -> None:
        """Write it as a tar stream, the request first."""
        with tarfile.open(fileobj=stream, mode="w|", bufsize=_PIECE) as tar:
            _add(tar, "request.json", json.dumps(self.request()).encode())
            for number, pack in enumerate(self.packs):
                _add_tree(tar, f"packs/{number}", pack)
            for key, value in self.env.items():
                _add(tar, f"env/{key}", value.encode("utf-8", "surrogateescape"), mode=0o600)
            for name, content in self.programs.items():
                _add(tar, f"programs/{name}", content, mode=0o755)
            _add_tree(tar, "source", self.source)

    def sent(self) -> IO[bytes]:
        """Return a stream of it that is made while it is read."""
        reading, writing = os.pipe()
        threading.Thread(target=self._pump, args=(writing,), name="parcel", daemon=True).start()
        return os.fdopen(reading, "rb")

    def _pump(self, descriptor: int) -> None:
        # Who stops reading has reasons of his own, and tells them.
        with suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as stream:
            self.write(stream)


def _add(tar: tarfile.TarFile, name: str, content: bytes, *, mode: int = 0o644) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    tar.addfile(member, io.BytesIO(content))


def _add_tree(tar: tarfile.TarFile, name: str, top: Path) -> None:
    for folder, folders, files in os.walk(top):
        folders.sort()
        for entry in sorted([*files, *folders]):
            path = Path(folder, entry)
            mode = path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
                continue
            member = tar.gettarinfo(str(path), f"{name}/{path.relative_to(top)}")
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            if member.islnk():
                member.type, member.size = tarfile.REGTYPE, path.stat().st_size
            member.mode |= 0o700 if member.isdir() else 0o600
            if member.isreg():
                with path.open("rb") as file:
                    tar.addfile(member, file)
            else:
                tar.addfile(member)
