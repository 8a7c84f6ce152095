"""The processes of one user, found and ended."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from dokkupy.errors import DokkupyError

PATIENCE: Final = 10.0
"""Seconds in which the processes of an account that goes may end by themselves."""


def end_processes(uid: int) -> None:
    """End every process of a user: ask first, then kill.

    Raises:
        DokkupyError: one does not end.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + PATIENCE
        for pid in processes_of(uid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        while processes_of(uid) and time.monotonic() < deadline:
            time.sleep(0.02)
    left = processes_of(uid)
    if left:
        raise DokkupyError(
            f"These processes of user {uid} do not end: {', '.join(map(str, left))}.",
            hint=f"Look at them: ps -fp {left[0]}",
        )


def processes_of(uid: int) -> list[int]:
    """Return the processes of a user that have not ended.

    Those of containers are left out: the same number is another user there.
    """
    found = []
    ours = Path("/proc/self/ns/pid").stat().st_ino
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):  # it has gone meanwhile
            status = (entry / "status").read_text(encoding="utf-8", errors="replace")
            fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            if str(uid) not in fields["Uid"].split() or fields["State"].startswith("Z"):
                continue
            if (entry / "ns" / "pid").stat().st_ino == ours:
                found.append(int(entry.name))
    return found
