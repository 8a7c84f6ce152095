"""Who may do what: a kernel lock per app, service, image name, place to build; one for the proxy.

The lock is `flock` on a file of the root, so that the kernel frees it when its holder dies, by
whatever means. The file's text says who holds it; it means nothing while nobody does.
Order: a service, apps by name, a place to build, then the proxy.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from dokkupy.errors import Locked

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.paths import Paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock, for what, since when."""

    pid: int
    actor: str
    what: str
    """The work, as a person would name it: `push of main`."""
    since: float
    """Seconds since the epoch (UTC)."""

    def __str__(self) -> str:
        by = f" by {self.actor}" if self.actor else ""
        since = time.strftime("%H:%M:%S", time.localtime(self.since))
        return f"{self.what}{by} (process {self.pid}, since {since})"


OnWait: TypeAlias = Callable[[Holder | None], None]
"""Called once, before waiting; None when the holder has not written its name yet."""

_LOOK_FOR_PLACE_SECONDS: Final = 0.05

_held: set[tuple[str, int]] = set()
"""Files locked by this process and by which thread: to wait for oneself would be for ever."""


@contextmanager
def app_lock(
    paths: Paths, app: AppName, *, what: str, actor: str = "", on_wait: OnWait | None = None
) -> Iterator[None]:
    """Hold the lock of one app, waiting as long as somebody else does."""
    with _hold(paths.locks / f"app-{app}", what=what, actor=actor, on_wait=on_wait):
        yield


@contextmanager
def app_locks(
    paths: Paths,
    apps: Iterable[AppName],
    *,
    what: str,
    actor: str = "",
    on_wait: OnWait | None = None,
) -> Iterator[None]:
    """Hold the locks of several apps, taken in the order of their names."""
    with ExitStack() as stack:
        for app in sorted(set(apps)):
            stack.enter_context(app_lock(paths, app, what=what, actor=actor, on_wait=on_wait))
        yield


@contextmanager
def try_app_lock(paths: Paths, app: AppName, *, what: str, actor: str = "") -> Iterator[None]:
    """Hold the lock of one app, or do not wait.

    Raises:
        Locked: somebody else holds it; the message says who.
    """

    def refuse(holder: Holder | None) -> None:
        raise Locked(
            f"App {app} is busy: {holder or 'somebody is at work on it'}.",
            hint="Try again when that has finished.",
        )

    with _hold(paths.locks / f"app-{app}", what=what, actor=actor, on_wait=refuse):
        yield


def app_holder(paths: Paths, app: AppName) -> Holder | None:
    """Return who holds the lock of an app now; None when nobody does, or has no name yet."""
    try:
        descriptor = os.open(paths.locks / f"app-{app}", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    finally:
        os.close(descriptor)
    return None


@contextmanager
def service_lock(
    paths: Paths, key: str, *, what: str, actor: str = "", on_wait: OnWait | None = None
) -> Iterator[None]:
    """Hold the lock of one service (`mysql/db`), waiting as long as somebody else does."""
    name = key.replace("/", ".")
    with _hold(paths.locks / f"service-{name}", what=what, actor=actor, on_wait=on_wait):
        yield


@contextmanager
def proxy_lock(
    paths: Paths, *, what: str, actor: str = "", on_wait: OnWait | None = None
) -> Iterator[None]:
    """Hold the lock around "render, validate, reload", waiting as long as somebody else does."""
    with _hold(paths.locks / "proxy", what=what, actor=actor, on_wait=on_wait):
        yield


@contextmanager
def name_lock(
    paths: Paths, reference: str, *, what: str, actor: str = "", on_wait: OnWait | None = None
) -> Iterator[None]:
    """Hold the lock of what an image is called on the engine, which some names share."""
    import hashlib

    few = hashlib.sha256(reference.encode()).hexdigest()[:2]
    with _hold(paths.locks / f"name-{few}", what=what, actor=actor, on_wait=on_wait):
        yield


@contextmanager
def build_lock(
    paths: Paths, places: int, *, what: str, actor: str = "", on_wait: OnWait | None = None
) -> Iterator[None]:
    """Hold one of several equal locks, waiting in a queue for the first that gets free."""
    told = False

    def tell_once(holder: Holder | None) -> None:
        nonlocal told
        if on_wait and not told:
            told = True
            on_wait(holder)

    with ExitStack() as place:
        # Who is first in the queue looks for a place; the kernel keeps the others in order.
        with _hold(paths.locks / "build-queue", what=what, actor=actor, on_wait=tell_once):
            while True:
                found = _free_place(paths, places, what=what, actor=actor)
                if isinstance(found, ExitStack):
                    place.enter_context(found)
                    break
                tell_once(found)
                time.sleep(_LOOK_FOR_PLACE_SECONDS)
        yield


def _free_place(paths: Paths, places: int, *, what: str, actor: str) -> ExitStack | Holder | None:
    """Return a place that is held from now on, or else who has one of them."""
    holders: list[Holder | None] = []

    def refuse(holder: Holder | None) -> None:
        holders.append(holder)
        raise Locked("This place is taken.")

    for number in range(1, places + 1):
        with suppress(Locked), ExitStack() as stack:
            file = paths.locks / f"build-{number}"
            stack.enter_context(_hold(file, what=what, actor=actor, on_wait=refuse))
            return stack.pop_all()
    return next(filter(None, holders), None)


@contextmanager
def environment_lock(
    file: Path, *, what: str, actor: str = "", on_wait: OnWait | None = None
) -> Iterator[None]:
    """Hold the lock around a change of what is installed, which several roots may share."""
    with _hold(file, what=what, actor=actor, on_wait=on_wait):
        yield


@contextmanager
def _hold(file: Path, *, what: str, actor: str, on_wait: OnWait | None) -> Iterator[None]:
    mine = (str(file), threading.get_ident())
    if mine in _held:
        raise RuntimeError(f"this thread already holds the lock {file.name}")
    # The file stays when the lock goes: removing it would let two holders lock two inodes.
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if on_wait:
                on_wait(_read(descriptor))
            # The kernel queues the waiting in order and wakes the first; signals get through.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        _write(descriptor, Holder(pid=os.getpid(), actor=actor, what=what, since=time.time()))
        _held.add(mine)
        try:
            yield
        finally:
            _held.discard(mine)
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _write(descriptor: int, holder: Holder) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)


def _read(descriptor: int) -> Holder | None:
    text = os.pread(descriptor, 4096, 0)
    try:
        return Holder(**json.loads(text))
    except (ValueError, TypeError):  # between its flock and its pwrite, or cut at 4 KiB
        return None
