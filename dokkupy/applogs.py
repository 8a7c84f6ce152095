"""What the containers of an app printed, line by line with their names."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from dokkupy import recovery
from dokkupy.errors import NotFound
from dokkupy.types import Instance, Line

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform


def ended(platform: Platform, instances: Sequence[Instance], tail: int) -> Iterator[str]:
    """Yield the last `tail` lines of each container; one that is gone has none."""
    for instance in instances:
        with suppress(NotFound):
            for line in platform.scheduler.logs(instance.reference, tail=tail):
                yield f"{instance.name}: {line.decode('utf-8', 'replace')}"


def following(platform: Platform, instances: Sequence[Instance]) -> Iterator[str]:
    """Yield what the containers print from now on, until all of them have ended."""
    lines: queue.Queue[str | None] = queue.Queue(maxsize=1000)

    def pump(instance: Instance) -> None:
        try:
            with suppress(NotFound):
                for line in platform.scheduler.logs(instance.reference, follow=True, tail=10):
                    lines.put(f"{instance.name}: {line.decode('utf-8', 'replace')}")
        finally:
            lines.put(None)

    for instance in instances:
        threading.Thread(target=pump, args=(instance,), daemon=True).start()
    open_ends = len(instances)
    while open_ends:
        line = lines.get()
        if line is None:
            open_ends -= 1
        else:
            yield line


def of_failed(platform: Platform, app: AppName, tail: int) -> Iterator[Line]:
    """Yield the last `tail` lines of each container of the newest failed deploy that kept any."""
    folder = recovery.failed_logs(platform, app)
    files = sorted(folder.glob("release-*.log"), key=lambda file: file.stat().st_mtime_ns)
    if not files:
        yield Line(text=f"No container of {app} has failed.", stream="progress")
        return
    newest = files[-1].name.split("-")[1]
    for file in files:
        if file.name.split("-")[1] == newest:
            name = file.name.removeprefix(f"release-{newest}-").removesuffix(".log")
            for text in file.read_text(errors="replace").splitlines()[-tail:]:
                yield Line(text=f"{name} (release {newest}): {text}")
