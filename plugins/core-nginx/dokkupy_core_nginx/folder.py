"""The proxy's own folder: what lies in it, whose it is, and how large its logs may grow."""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import resource
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dokkupy.errors import StateError
from dokkupy_core_nginx.render import ACCESS_LOGS, CONTROL_SOCKET, ERROR_LOG
from dokkupy_core_nginx.site import Process

OPEN_FILES: Final = 16_384
"""Descriptors of one worker: two for each of 8,192 connections that it serves at once."""
_PATTERN: Final = frozenset("*?[\\")
"""nginx gives the path of every file it includes to glob(3)."""

LOG_LIMIT: Final = 64 * 1024 * 1024
"""Bytes; a log beyond is put aside, in the place of the one put aside before."""


def make(folder: Path) -> None:
    """Make what nginx does not make itself, as the folder's owner's.

    Raises:
        StateError: its path has a character by which nginx would look for other files.
    """
    if _PATTERN & set(str(folder)):
        raise StateError(
            f"nginx would read the path {folder} as a pattern of many.",
            hint=f"Move the root to a folder whose path has none of {' '.join(sorted(_PATTERN))}",
        )
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    owner = folder.stat()
    for path in (
        (folder / CONTROL_SOCKET).parent,
        (folder / ERROR_LOG).parent,
        folder / ACCESS_LOGS,
        folder / "temp",
    ):
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            continue
        if os.geteuid() != owner.st_uid:
            os.chown(path, owner.st_uid, owner.st_gid)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let nobody else change the folder meanwhile; the kernel frees the lock of who dies."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def process_of(folder: Path) -> Process:
    """Return how nginx runs in this folder: as its owner, on all CPUs that it may use."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    bounded = limit != resource.RLIM_INFINITY and os.geteuid() != 0
    open_files = min(limit, OPEN_FILES) if bounded else OPEN_FILES
    workers = len(os.sched_getaffinity(0))
    if os.geteuid() != 0:  # only root can give its processes to another user
        return Process(workers=workers, open_files=open_files)
    owner = folder.stat()
    return Process(
        workers=workers,
        open_files=open_files,
        user=pwd.getpwuid(owner.st_uid).pw_name,
        group=grp.getgrgid(owner.st_gid).gr_name,
    )


def put_aside_logs(folder: Path, apps: Collection[str]) -> bool:
    """Rename logs that are too large, remove those of apps that are gone; say if any was."""
    changed = False
    for log in (folder / ERROR_LOG, *(folder / ACCESS_LOGS).glob("*.log")):
        if log.parent.name == Path(ACCESS_LOGS).name and log.stem not in apps:
            log.unlink()
            log.with_suffix(".log.1").unlink(missing_ok=True)
        elif log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        else:
            continue
        changed = True
    return changed
