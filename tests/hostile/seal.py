"""A guard over this process: no program starts and no file changes but those that may."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from .texts import CANARY

CHANGES: Final = {
    "os.chmod": 1,
    "os.chown": 1,
    "os.link": 2,
    "os.mkdir": 1,
    "os.remove": 1,
    "os.rename": 2,
    "os.rmdir": 1,
    "os.symlink": 2,
    "os.truncate": 1,
    "os.utime": 1,
    "shutil.rmtree": 1,
}
"""Audit event -> how many of its first arguments are paths that it changes."""
PROGRAMS: Final = {"os.exec": 1, "os.posix_spawn": 1, "subprocess.Popen": 1}
"""Audit event -> which of its arguments is the argument list."""
SHELLS: Final = ("os.system", "os.spawn", "os.startfile", "pty.spawn")
WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Seal:
    """What happened in this process that nobody may cause by what he sends."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        """Where files may change; None: nobody looks."""
        self.broken: list[str] = []
        self._temporary = tempfile.gettempdir()
        sys.addaudithook(self._hear)

    @contextmanager
    def over(self, folder: Path) -> Iterator[None]:
        """Look closely during a block, at the end of which nothing must have happened."""
        self.folder, self.broken = folder, []
        try:
            yield
        finally:
            self.folder = None
        if self.broken:
            raise AssertionError("; ".join(self.broken))

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.folder is None:
            return
        if event in PROGRAMS:
            self._program([os.fsdecode(word) for word in arguments[PROGRAMS[event]]])
        elif event in SHELLS:
            self._break(f"{event} {arguments!a}")
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES:
            self._change(event, arguments[0])
        elif event in CHANGES:
            for path in arguments[: CHANGES[event]]:
                self._change(event, path)
        elif event == "socket.connect" and not self._near(arguments[1]):
            # As on a machine without a network.
            raise OSError(errno.ENETUNREACH, "Network is unreachable")

    def _program(self, words: list[str]) -> None:
        program = Path(words[0]).name
        if any("\0" in word for word in words):
            return  # the system itself refuses it
        if program != "git":
            if CANARY in " ".join(words):
                self._break(f"started {words!a}")
            # As on a machine that does not have it.
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", words[0])
        own = words[1 : words.index("--")] if "--" in words else words[1:]
        if any(word.startswith("-") and CANARY in word for word in own):
            self._break(f"started {words!a}")

    def _change(self, event: str, path: object) -> None:
        if self.folder is None or not isinstance(path, str | bytes | os.PathLike):
            return  # by a descriptor, which was opened by a path before
        where = os.path.realpath(os.fsdecode(path)) if event == "open" else _inside(path)
        allowed = (str(self.folder), "/dev/null", "/dev/pts/", f"{self._temporary}/dokkupy")
        if not where.startswith(allowed) or CANARY in where:
            self._break(f"{event} {where!a}")

    def _break(self, what: str) -> None:
        self.broken.append(what)
        raise PermissionError(errno.EPERM, f"Sealed: {what}")

    @staticmethod
    def _near(address: object) -> bool:
        """Say whether somebody connects to this machine itself."""
        return isinstance(address, str | bytes) or (
            isinstance(address, tuple) and str(address[0]).startswith(("127.", "::1"))
        )


def _inside(path: str | bytes | os.PathLike[Any]) -> str:
    """Return where a path is, its last part not followed when it is a link."""
    folder, name = os.path.split(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100
    return f"{os.path.realpath(folder)}/{name}"
