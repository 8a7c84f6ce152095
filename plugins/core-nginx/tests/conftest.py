from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from dokkupy.names import AppName
from dokkupy.testing.patience import eventually
from dokkupy_core_nginx.master import Master
from dokkupy_core_nginx.processes import title
from dokkupy_core_nginx.proxy import NginxProxy
from dokkupy_core_nginx.settings import DEFAULTS, Settings
from dokkupy_core_nginx.wishes import Wishes

BROKEN = "no_such_directive on;\n"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


class NginxBench:
    """A real nginx on loopback, and what a root would wish of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.addresses: tuple[str, ...] = ("127.0.0.1",)
        self.defaults = DEFAULTS
        self.settings: dict[str, Settings] = {}
        self.snippets: dict[str, dict[str, str]] = {}

    @property
    def proxy(self) -> NginxProxy:
        return NginxProxy(self.folder, self.wishes)

    @property
    def master(self) -> Master:
        return Master(self.folder.resolve())

    def wishes(self) -> Wishes:
        return Wishes(
            http_port=self.port,
            https_port=1,
            addresses=self.addresses,
            defaults=self.defaults,
            settings=self.settings,
            snippets=self.directives,
        )

    def directives(self, app: AppName) -> dict[str, str]:
        return self.snippets.get(app, {})

    def spoil(self, app: str) -> None:
        self.snippets[app] = {"spoiler": BROKEN}

    def mend(self, app: str) -> None:
        self.snippets.pop(app)

    def kill(self) -> None:
        pid = self.master.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not title(pid))

    @property
    def error_log(self) -> str:
        return (self.folder / "logs" / "error.log").read_text()


NewBench: TypeAlias = Callable[[], NginxBench]


@pytest.fixture
def new_bench(tmp_path: Path) -> Iterator[NewBench]:
    benches: list[NginxBench] = []

    def new() -> NginxBench:
        benches.append(NginxBench(tmp_path / f"proxy{len(benches)}"))
        return benches[-1]

    yield new
    for bench in benches:
        bench.proxy.stop()


@pytest.fixture
def bench(new_bench: NewBench) -> NginxBench:
    return new_bench()
