"""A real nginx on loopback, for the tests of this plugin and of those that add directives."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from dokkupy.names import AppName
from dokkupy.testing.client import free_port
from dokkupy.testing.patience import eventually
from dokkupy_core_nginx.master import Master
from dokkupy_core_nginx.processes import title
from dokkupy_core_nginx.proxy import NginxProxy
from dokkupy_core_nginx.render import ERROR_LOG
from dokkupy_core_nginx.settings import DEFAULTS, Settings
from dokkupy_core_nginx.wishes import Wishes

BROKEN = "no_such_directive on;"


class NginxBench:
    """One proxy folder, and what a root would wish of it; change the attributes, then apply."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.https_port = free_port()
        self.addresses: tuple[str, ...] = ("127.0.0.1",)
        self.defaults = DEFAULTS
        self.settings: dict[str, Settings] = {}
        self.snippets: dict[str, Mapping[str, str]] = {}
        """App -> plugin -> directives."""

    @property
    def proxy(self) -> NginxProxy:
        """The proxy, made anew as each command does."""
        return NginxProxy(self.folder, self.wishes)

    @property
    def pid(self) -> int:
        """The master's process id."""
        pid = Master(self.folder.resolve()).pid
        if pid is None:
            raise AssertionError("nginx does not run")
        return pid

    @property
    def error_log(self) -> str:
        """What nginx wrote to its error log."""
        return (self.folder / ERROR_LOG).read_text()

    def wishes(self) -> Wishes:
        """Return what is asked of the proxy besides routes."""
        return Wishes(
            http_port=self.port,
            https_port=self.https_port,
            addresses=self.addresses,
            defaults=self.defaults,
            settings=self.settings,
            snippets=self.directives,
        )

    def directives(self, app: AppName) -> Mapping[str, str]:
        """Return what plugins add to an app."""
        return self.snippets.get(app, {})

    def spoil(self, app: str) -> None:
        """Let a plugin add what nginx refuses."""
        self.snippets[app] = {"spoiler": BROKEN}

    def mend(self, app: str) -> None:
        """Take that back."""
        self.snippets.pop(app)

    def kill(self) -> None:
        """Kill the master, and nothing else."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not title(pid))
