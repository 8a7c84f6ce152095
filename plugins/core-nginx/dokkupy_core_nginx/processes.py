"""What the kernel says of nginx's processes (`/proc`; proc(5))."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from dokkupy.launching import launched

WORKER: Final = "nginx: worker process"
"""Title of a worker that takes connections."""
DRAINING: Final = f"{WORKER} is shutting down"
"""Title of one that only finishes its requests."""
MASTER: Final = "nginx: master process "

STEP: Final = 0.003
"""Seconds between two looks at a process that shall change."""


def title(pid: int) -> str:
    """Return what a process calls itself, empty when it is gone."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return raw.rstrip(b"\0 ").replace(b"\0", b" ").decode(errors="replace")


def workers_of(master: int) -> frozenset[int]:
    """Return the workers of a master that take connections, or will once they are set up.

    One that was just made still has its master's title.
    """
    return frozenset(filter(takes_connections, _children(master)))


def is_ready(pid: int) -> bool:
    """Say whether a worker is set up and takes connections."""
    return title(pid) == WORKER


def takes_connections(pid: int) -> bool:
    """Say whether a worker takes connections, or will."""
    return title(pid) not in {"", DRAINING}


def masterless_workers(folder: Path, launcher: Path | None = None) -> frozenset[int]:
    """Return the workers that take connections in `folder` though their master has died.

    A killed master leaves them behind, and they hold its ports.
    """
    return frozenset(
        pid
        for pid in _all()
        if title(pid) == WORKER and not _has_master(pid) and _folder(pid, launcher) == str(folder)
    )


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until `condition` holds; return False when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(STEP)
    return True


def _children(pid: int) -> list[int]:
    listed = None
    # One read may leave out a child while another ends (proc(5)); two that agree do not.
    while listed != (listed := _listed_children(pid)):
        pass
    return listed


def _listed_children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:  # the kernel was built without that file, or the process is gone
        return [child for child in _all() if _parent(child) == pid]


def _all() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _parent(pid: int) -> int:
    try:
        # The command, in brackets, may hold anything; the state and the parent follow it.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _has_master(pid: int) -> bool:
    return title(_parent(pid)).startswith(MASTER)


def _folder(pid: int, launcher: Path | None) -> str:
    link = f"/proc/{pid}/cwd"
    try:
        return str(Path(link).readlink())
    except PermissionError:  # somebody else's, or one of ours that the launcher started
        asked = launched(launcher, ["readlink", link])
        done = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return os.fsdecode(done.stdout.removesuffix(b"\n"))
    except OSError:
        return ""
