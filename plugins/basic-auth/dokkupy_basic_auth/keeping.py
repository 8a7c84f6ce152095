"""Who may pass and what is left open: in the store, and for nginx in a file below the root."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dokkupy.errors import DokkupyError
from dokkupy_basic_auth.openings import Opening

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.paths import Paths
    from dokkupy.platform import Platform
    from dokkupy.store import Store

NOUN: Final = "basic-auth"
_GATE: Final = "gate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What was decided for one app."""

    on: bool = False
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Name -> hash of the password."""
    openings: tuple[Opening, ...] = ()

    @property
    def lines(self) -> bytes:
        """The file that nginx reads."""
        return "".join(f"{name}:{made}\n" for name, made in sorted(self.users.items())).encode()


def gate(store: Store, app: AppName) -> Gate:
    """Return what was decided for an app."""
    return _gate(store.documents.get(app, NOUN, _GATE))


def file_of(paths: Paths, gate: Gate) -> Path:
    """Return where nginx finds the users of a gate; named by what is in it, never rewritten.

    So nginx reads the users of the configuration that it serves, a change of both is one, and
    clones share a file.
    """
    return _home(paths) / hashlib.sha256(gate.lines).hexdigest()[:32]


def put(platform: Platform, app: AppName, new: Gate) -> None:
    """Keep a gate and write its file; to be called within a write."""
    if new == Gate():
        platform.store.documents.unset(app, NOUN, _GATE)
        return
    if new.users:
        _write(file_of(platform.paths, new), new.lines)
    platform.store.documents.set(app, NOUN, _GATE, asdict(new))


def copy(store: Store, origin: AppName, app: AppName) -> None:
    """Give a clone the gate of its origin."""
    kept = store.documents.get(origin, NOUN, _GATE)
    if kept is not None:
        store.documents.set(app, NOUN, _GATE, kept)


@contextmanager
def served(platform: Platform, app: AppName) -> Iterator[None]:
    """Run a block that changes the gate of an app, then serve it, or take it back.

    Raises:
        ProxyRefused: nothing was changed.
    """
    from dokkupy.pipeline import apply_routes

    store = platform.store
    before = gate(store, app)
    yield
    after = gate(store, app)
    try:
        if after.on or before.on:
            apply_routes(platform, changed=app)
    except DokkupyError:
        with store.write():
            if gate(store, app) == after:
                put(platform, app, before)
            sweep(platform)
        raise
    with store.write():
        sweep(platform)


def sweep(platform: Platform) -> None:
    """Remove the files that are no app's; to be called within a write.

    Whoever makes files makes them within a write too, so none is ever taken for a leftover.
    """
    home = _home(platform.paths)
    if not home.exists():
        return
    gates = map(_gate, platform.store.documents.all(NOUN, _GATE).values())
    needed = {file_of(platform.paths, one).name for one in gates}
    for file in home.iterdir():
        if file.name not in needed:
            file.unlink()


def _home(paths: Paths) -> Path:
    return paths.root / NOUN


def _gate(value: dict[str, Any] | None) -> Gate:
    if value is None:
        return Gate()
    openings = tuple(Opening(one) for one in value["openings"])
    return Gate(on=value["on"], users=value["users"], openings=openings)


def _write(file: Path, content: bytes) -> None:
    """Write a whole file or none, for its owner, who is nginx too; on the disk when it returns."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    half = file.with_suffix(".new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(half, flags, 0o600), "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    half.rename(file)
    descriptor = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
