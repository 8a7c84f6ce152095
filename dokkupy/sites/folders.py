"""The folders that placed sites are served from: laid out whole, never changed, removed late."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Final

from dokkupy.errors import BuildFailed, EngineError
from dokkupy.names import AppName
from dokkupy.sites.settings import INDEX

if TYPE_CHECKING:
    from dokkupy.paths import Paths

PREFIX: Final = "site:"
"""How the reference of a placed site begins; what follows is the name of its folder."""
LINGER: Final = 120.0
"""Seconds that a retired site stays: longer than a request takes to arrive that was begun with the
proxy's configuration of before."""
MOST_FILES: Final = 200_000
MOST_BYTES: Final = 20 * 1024**3
VISIBLE: Final = ".well-known"
"""The one name with a dot in front that visitors may ask for (RFC 8615)."""

NO_INDEX: Final = 'Add one, or name the folder with it in static.json: {"root": "dist/"}'
_PIECE: Final = 1024 * 1024
_EPOCH: Final = 946_684_800
"""The first second of 2000, since the epoch (UTC)."""
_SPAN: Final = 20 * 365 * 86400
"""Seconds, so that the times made of contents are past."""
_WHOLE: Final = ".whole"
_RETIRED: Final = ".retired"


def of_reference(paths: Paths, reference: str) -> Path | None:
    """Return the folder of a placed site, None when the reference is of a container."""
    name = reference.removeprefix(PREFIX)
    return paths.sites / name if name != reference else None


class SiteFolders:
    """The folders of one root."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def lay_out(self, app: AppName, release: int, archive: IO[bytes], top: str) -> str:
        """Unpack the folder `top` of a tar archive into a new folder; return its reference.

        Raises:
            BuildFailed: something in it is neither a file nor a folder, or it has no index.
        """
        self._home.mkdir(mode=0o700, exist_ok=True)
        name = f"{app}-{release}-{secrets.token_hex(6)}"
        folder = self._home / name
        folder.mkdir(mode=0o755)
        files = size = 0
        try:
            with tarfile.open(fileobj=archive, mode="r:") as tar:
                for member, path in _members(tar, top):
                    target = folder / path
                    if member.isdir():
                        target.mkdir(mode=0o755, parents=True, exist_ok=True)
                        continue
                    _refuse_bomb(files + 1, size + member.size)
                    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                    # A second name of a file has no size of its own, and is a file here.
                    files, size = files + 1, size + _write(tar, member, target)
                    _refuse_bomb(files, size)
        except tarfile.TarError as error:
            raise EngineError(
                f"The engine gave no whole archive of the site: {error}.",
                hint="See whether it is well: docker info",
            ) from error
        if not (folder / INDEX).is_file():
            raise BuildFailed(f"The site has no {INDEX}.", hint=NO_INDEX)
        self._note(name + _WHOLE, {"files": files, "bytes": size})
        return PREFIX + name

    def placed_at(self, reference: str) -> float:
        """Return when a site was laid out, in seconds since the epoch (UTC); 0.0 if it is gone."""
        whole = self._home / (_name(reference) + _WHOLE)
        try:
            return whole.stat().st_mtime if self._index(reference).is_file() else 0.0
        except FileNotFoundError:
            return 0.0

    def is_whole(self, reference: str) -> bool:
        """Say whether all files are there: a power cut may have taken what was on its way."""
        folder = self._home / _name(reference)
        try:
            noted = json.loads((self._home / (folder.name + _WHOLE)).read_text())
        except (FileNotFoundError, ValueError):
            return False
        sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
        return (
            noted == {"files": len(sizes), "bytes": sum(sizes)} and self._index(reference).is_file()
        )

    def retire(self, reference: str) -> None:
        """Let a site be removed once no request can be on its way to it any more."""
        name = _name(reference)
        if (self._home / name).is_dir():
            (self._home / (name + _RETIRED)).touch()

    def remove(self, reference: str) -> None:
        """Remove a site at once; one that is gone is fine."""
        name = _name(reference)
        shutil.rmtree(self._home / name, ignore_errors=True)
        for suffix in (_WHOLE, _RETIRED):
            (self._home / (name + suffix)).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove the sites whose time is over."""
        for mark in self._home.glob(f"*{_RETIRED}"):
            try:
                over = mark.stat().st_mtime + LINGER < time.time()
            except FileNotFoundError:  # somebody else is at it
                continue
            if over:
                self.remove(PREFIX + mark.name.removesuffix(_RETIRED))

    def references(self, app: AppName, *, retired: bool) -> list[str]:
        """Return the sites that were placed for an app of this name, the retired ones or not."""
        found = []
        for folder in self._home.glob(f"{app}-*"):
            mine = folder.is_dir() and folder.name.rsplit("-", 2)[0] == app
            if mine and (retired or not (self._home / (folder.name + _RETIRED)).exists()):
                found.append(PREFIX + folder.name)
        return sorted(found)

    def _index(self, reference: str) -> Path:
        return self._home / _name(reference) / INDEX

    def _note(self, name: str, what: object) -> None:
        with (self._home / name).open("w", encoding="utf-8") as file:
            json.dump(what, file)
            file.flush()
            os.fsync(file.fileno())


def _refuse_bomb(files: int, size: int) -> None:
    if files > MOST_FILES or size > MOST_BYTES:
        raise BuildFailed(
            f"The site has more than {MOST_FILES} files, or {MOST_BYTES // 1024**3} GiB.",
            hint="Serve large files from elsewhere.",
        )


def _name(reference: str) -> str:
    return reference.removeprefix(PREFIX)


def _members(tar: tarfile.TarFile, top: str) -> Iterator[tuple[tarfile.TarInfo, PurePosixPath]]:
    """Yield what visitors may see, each with its path below the folder `top`."""
    for member in tar:
        parts = PurePosixPath(member.name).parts
        if ".." in parts or parts[:1] != (top,):
            raise BuildFailed(
                f"The image of the site has {member.name!a:.80} outside of its folder.",
                hint="Build it again from its source.",
            )
        inner = parts[1:]
        if any(part.startswith(".") and part != VISIBLE for part in inner):
            continue
        if not (member.isfile() or member.isdir() or member.islnk()):
            raise BuildFailed(
                f"{'/'.join(inner)!a:.80} in the site is neither a file nor a folder.",
                hint="Put a file in its place.",
            )
        if inner:
            yield member, PurePosixPath(*inner)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> int:
    """Write what a member holds, or the other name that it stands for; return its bytes."""
    try:
        source = tar.extractfile(member)
    except KeyError:  # no other name in this archive
        source = None
    if source is None:
        raise BuildFailed(
            f"{member.name!a:.80} cannot be read from the image of the site.",
            hint="Build it again from its source.",
        )
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(target, flags, 0o644), "wb") as file:
        while piece := source.read(_PIECE):
            digest.update(piece)
            size += file.write(piece)
    # By size and time of change the proxy tells browsers whether they have a file already. A time
    # made of the content keeps what they have valid through deploys, and nothing else.
    changed = _EPOCH + int.from_bytes(digest.digest()[:6]) % _SPAN
    os.utime(target, (changed, changed))
    return size
