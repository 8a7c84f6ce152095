"""Where certificates are kept: what they say in the store, their files below the root."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dokkupy.errors import DokkupyError
from dokkupy.names import AppName, HostName
from dokkupy.types import Certificate
from dokkupy_certs.archive import CHAIN, KEY
from dokkupy_certs.material import Facts, Material

if TYPE_CHECKING:
    from dokkupy.platform import Platform

NOUN: Final = "certs"
_KEY: Final = "certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the store says of an app's certificate."""

    folder: str
    """Name of the folder with its files, which no other certificate ever had; empty for none."""
    before: str = ""
    """The folder of the one before, while that may have to come back."""
    facts: Facts | None = None


def kept(platform: Platform, app: AppName) -> Kept | None:
    """Return what is kept for an app."""
    return _kept(platform.store.documents.get(app, NOUN, _KEY))


def facts(platform: Platform, app: AppName) -> Facts | None:
    """Return what the certificate of an app says, None when it has none."""
    found = kept(platform, app)
    return found.facts if found else None


def certificate(platform: Platform, app: AppName) -> Certificate | None:
    """Return the certificate with which an app is served."""
    found = kept(platform, app)
    if found is None or found.facts is None:
        return None
    folder = _home(platform) / found.folder
    return Certificate(chain=folder / CHAIN, key=folder / KEY, names=found.facts.names)


def put(platform: Platform, app: AppName, material: Material | None, *, verb: str) -> None:
    """Serve an app with another certificate, or with none; write the event `certs.VERB`.

    What is not served was not changed: when the proxy refuses, the one of before is back.

    Raises:
        ProxyRefused: what served before still serves.
    """
    from dokkupy.pipeline import apply_routes

    store = platform.store
    with store.write():
        before = kept(platform, app)
        now = Kept(
            folder=_write(_home(platform), material) if material else "",
            before=before.folder if before else "",
            facts=material.facts if material else None,
        )
        _set(platform, app, now)
        told = {"names": list(material.facts.names)} if material else {}
        store.events.add(f"{NOUN}.{verb}", app, told)
    try:
        apply_routes(platform, changed=app)
    except DokkupyError:
        _settle(platform, app, now, before)
        raise
    _settle(platform, app, now, Kept(folder=now.folder, facts=now.facts))


def _settle(platform: Platform, app: AppName, now: Kept, final: Kept | None) -> None:
    """Let `final` stand where `now` does, unless somebody changed it again meanwhile."""
    with platform.store.write():
        if kept(platform, app) == now:
            _set(platform, app, final)
        sweep(platform)


def sweep(platform: Platform) -> None:
    """Remove the files that belong to no app's certificate; to be called within a write.

    Whoever makes files makes them within a write too, so none is ever taken for a leftover.
    """
    home = _home(platform)
    if not home.exists():
        return
    everybody = (_kept(value) for value in platform.store.documents.all(NOUN, _KEY).values())
    needed = {name for one in everybody if one for name in (one.folder, one.before)}
    for folder in home.iterdir():
        if folder.name not in needed:
            shutil.rmtree(folder)


def _home(platform: Platform) -> Path:
    return platform.paths.root / "certs"


def _set(platform: Platform, app: AppName, new: Kept | None) -> None:
    if new is None or not (new.folder or new.before):
        platform.store.documents.unset(app, NOUN, _KEY)
    else:
        platform.store.documents.set(app, NOUN, _KEY, asdict(new))


def _kept(value: dict[str, Any] | None) -> Kept | None:
    if value is None:
        return None
    said = value["facts"]
    if said is None:
        return Kept(folder=value["folder"], before=value["before"])
    names = tuple(HostName(name) for name in said["names"])
    return Kept(
        folder=value["folder"], before=value["before"], facts=Facts(**{**said, "names": names})
    )


def _write(home: Path, material: Material) -> str:
    """Write the files of a certificate to a new folder; return its name.

    They reach the disk before the store speaks of them: a power cut must not leave an app
    with a certificate that the proxy cannot read.
    """
    home.mkdir(mode=0o700, exist_ok=True)
    folder = home / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    for name, content in ((CHAIN, material.chain), (KEY, material.key)):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(folder / name, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    for directory in (folder, home):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return folder.name
