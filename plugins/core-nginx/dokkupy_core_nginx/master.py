"""The nginx of one proxy folder: start it, make it read its configuration again, stop it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

from dokkupy.errors import ProxyRefused
from dokkupy.launching import launched
from dokkupy_core_nginx import processes
from dokkupy_core_nginx.generations import CURRENT
from dokkupy_core_nginx.render import CONTROL_SOCKET, ERROR_LOG, PID_FILE

STOP_GRACE: Final = 3.0
"""Seconds for requests in flight when the proxy is stopped."""
START_LIMIT: Final = 30.0
"""Seconds that nginx may take to read its configuration and open its ports."""
TAKE_OVER_LIMIT: Final = 2.0
"""Seconds for workers without a master to close the ports."""

_SYSTEM_FOLDERS: Final = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where a user's PATH does not look."""


class Master:
    """The master process that serves `folder`, whoever started it."""

    def __init__(self, folder: Path, launcher: Path | None = None) -> None:
        self._folder = folder
        self._launcher = launcher

    @property
    def pid(self) -> int | None:
        """Its process id, or None when it does not run.

        The pid file alone proves nothing: after a reboot its number is somebody else's.
        """
        try:
            pid = int((self._folder / PID_FILE).read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):  # never started, or only ever tested
            return None
        title = processes.title(pid)
        ours = title.startswith(processes.MASTER) and f" -p {self._folder} " in f"{title} "
        return pid if ours else None

    def test(self, configuration: Path) -> str:
        """Let nginx read a main file; return its complaint, empty when it accepts it.

        Raises:
            ProxyRefused: there is no nginx on this machine.
        """
        return self._run("-c", str(configuration), "-e", "stderr", "-t", "-q")

    def start(self) -> str:
        """Start nginx in a session of its own; return its complaint, empty when it runs."""
        if left_behind := self._left_behind():
            for pid in left_behind:
                self._signal(pid, signal.SIGQUIT)
            processes.until(
                lambda: not any(map(processes.takes_connections, left_behind)), TAKE_OVER_LIMIT
            )
        # Left behind by a master that was killed; its name would be taken.
        (self._folder / CONTROL_SOCKET).unlink(missing_ok=True)
        return self._run("-c", CURRENT, "-e", ERROR_LOG)

    def _run(self, *arguments: str) -> str:
        # Relative names, of sockets too, are looked up from the folder. The environment is ours
        # alone; its length also gives nginx the room for its processes' titles.
        environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "DOKKUPY_PROXY": str(self._folder)}
        try:
            done = subprocess.run(
                launched(self._launcher, [binary(), "-p", str(self._folder), *arguments]),
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
                timeout=START_LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"nginx did not finish within {START_LIMIT:.0f} seconds"
        complaint = done.stderr.decode(errors="replace").strip()
        return (complaint or f"nginx ended with code {done.returncode}") if done.returncode else ""

    def reload(self, pid: int) -> None:
        """Make the master read its configuration again."""
        self._signal(pid, signal.SIGHUP)

    def reopen_logs(self, pid: int) -> None:
        """Make the master and its workers open their log files anew."""
        self._signal(pid, signal.SIGUSR1)

    def dismiss(self, worker: int) -> None:
        """Let a worker finish its requests and take no more.

        The master does the same, 100 ms after the new workers were started. Told directly once
        one of those answers, no request meets the old configuration any longer than need be;
        connections that wait are in the queue of the shared socket and lost by neither way.
        """
        self._signal(worker, signal.SIGQUIT)

    def stop(self) -> None:
        """Stop serving: take no more connections, let requests end for a moment, then end.

        Raises:
            ProxyRefused: it does not end.
        """
        for name in (signal.SIGQUIT, signal.SIGTERM):
            pid = self.pid
            left = self._left_behind() if pid is None else frozenset({pid})
            for process in left:
                self._signal(process, name)
            if processes.until(self._is_down, STOP_GRACE):
                return
        raise ProxyRefused(
            f"The nginx of {self._folder} does not end.", hint="Look at it: dokkupy nginx status"
        )

    def _is_down(self) -> bool:
        return self.pid is None and not self._left_behind()

    def _left_behind(self) -> frozenset[int]:
        return processes.masterless_workers(self._folder, self._launcher)

    def _signal(self, pid: int, name: signal.Signals) -> None:
        try:
            os.kill(pid, name)
        except ProcessLookupError:
            pass
        except PermissionError:
            raise ProxyRefused(
                f"The nginx of {self._folder} (process {pid}) belongs to another user.",
                hint=f"Run the command as the owner of {self._folder}, or as root.",
            ) from None


def binary() -> str:
    """Return nginx's path.

    Raises:
        ProxyRefused: it is not installed.
    """
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), _SYSTEM_FOLDERS))
    found = shutil.which("nginx", path=path)
    if found is None:
        raise ProxyRefused(
            "nginx is not installed, so nothing can be served.",
            hint="apt-get install nginx-light",
        )
    return found
