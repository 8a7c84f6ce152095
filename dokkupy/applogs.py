"""What the containers of an app printed, line by line with their names."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dokkupy import ledger, recovery
from dokkupy.errors import DokkupyError, NotFound
from dokkupy.types import Instance

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.scheduler import Scheduler

LOOK_SECONDS: Final = 0.3
"""How often a follower looks for new containers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line that a container printed."""

    name: str
    """Of the container: `web.1`."""
    line: str

    def text(self) -> str:
        """Say it as people read it."""
        return f"{self.name}: {self.line}"


def ended(
    platform: Platform, instances: Sequence[Instance], *, tail: int | None, since: float
) -> Iterator[LogLine]:
    """Yield what each container has printed, from `since` on, of that the last `tail` lines."""
    for instance in instances:
        with suppress(NotFound):
            for line in platform.scheduler.logs(instance.reference, tail=tail, since=since):
                yield _line(instance, line)


def following(
    platform: Platform, app: AppName, wanted: str, *, tail: int | None, since: float
) -> Iterator[LogLine]:
    """Yield what the app's containers print, those of later deploys too, while there is the app.

    `wanted` is a process or a container, empty for all; `tail` and `since` are for those that
    run already.
    """
    follower = _Follower(platform.scheduler)
    try:
        while True:
            for instance in ledger.running(platform, app):
                if wanted in ("", instance.process, instance.name):
                    follower.follow(instance, tail=tail, since=since)
            # What is there from now on was not there when this began.
            tail, since = None, 0.0
            yield from follower.lines(LOOK_SECONDS)
            if not follower.busy and not platform.store.apps.exists(app):
                return
    finally:
        follower.stop()


class _Follower:
    """Follows several logs at once, each in a thread of its own."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._lines: queue.Queue[LogLine | DokkupyError] = queue.Queue(maxsize=1000)
        self._threads: dict[str, threading.Thread] = {}
        self._started: dict[str, float] = {}
        self._stopped = threading.Event()

    @property
    def busy(self) -> bool:
        """Whether any log may still grow, or has lines that nobody has taken."""
        growing = any(thread.is_alive() for thread in self._threads.values())
        return growing or not self._lines.empty()

    def follow(self, instance: Instance, *, tail: int | None, since: float) -> None:
        """Follow one log, unless that is done already; a container that started anew goes on."""
        reference = instance.reference
        thread = self._threads.get(reference)
        if thread is not None and thread.is_alive():
            return
        started = self._scheduler.status(reference).started_at
        if thread is not None:
            if started <= self._started[reference]:
                return
            tail, since = None, started
        self._started[reference] = started
        thread = threading.Thread(target=self._pump, args=(instance, tail, since), daemon=True)
        self._threads[reference] = thread
        thread.start()

    def lines(self, seconds: float) -> Iterator[LogLine]:
        """Yield lines as they come in the next seconds.

        Raises:
            EngineError: a log could not be read.
        """
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                return
            if isinstance(line, DokkupyError):
                raise line
            yield line

    def stop(self) -> None:
        """Let go of every log."""
        self._stopped.set()

    def _pump(self, instance: Instance, tail: int | None, since: float) -> None:
        try:
            for line in self._scheduler.logs(
                instance.reference, follow=True, tail=tail, since=since
            ):
                if not self._put(_line(instance, line)):
                    return
        except NotFound:  # removed with all that it printed
            return
        except DokkupyError as error:
            self._put(error)

    def _put(self, line: LogLine | DokkupyError) -> bool:
        while not self._stopped.is_set():
            try:
                self._lines.put(line, timeout=1)
            except queue.Full:
                continue
            return True
        return False


def of_failed(platform: Platform, app: AppName, tail: int | None) -> list[LogLine]:
    """Return the last `tail` lines of each container of the newest failed deploy that kept any."""
    folder = recovery.failed_logs(platform, app)
    files = sorted(folder.glob("release-*.log"), key=lambda file: file.stat().st_mtime_ns)
    if not files:
        return []
    newest = files[-1].name.split("-")[1]
    found = []
    for file in files:
        if file.name.split("-")[1] == newest:
            name = file.name.removeprefix(f"release-{newest}-").removesuffix(".log")
            lines = file.read_text(errors="replace").splitlines()
            found += [
                LogLine(name=f"{name} (release {newest})", line=line)
                for line in lines[len(lines) - min(len(lines), tail) if tail is not None else 0 :]
            ]
    return found


def _line(instance: Instance, line: bytes) -> LogLine:
    return LogLine(name=instance.name, line=line.decode("utf-8", "replace"))
