"""Bringing a configuration to life: link, start or reload, confirm, or put back what was."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dokkupy.errors import ProxyRefused
from dokkupy.listening import Holder, holders
from dokkupy_core_nginx import control, processes
from dokkupy_core_nginx.addresses import Listen
from dokkupy_core_nginx.generations import Generations
from dokkupy_core_nginx.master import Master
from dokkupy_core_nginx.ports import Obstacle, obstacle
from dokkupy_core_nginx.render import ERROR_LOG

CONFIRM_LIMIT: Final = 15.0
"""Seconds in which nginx must serve a new configuration; 500 apps with certificates take 0.5."""


class Server:
    """The running nginx of a folder, seen as something that serves one configuration."""

    def __init__(
        self, folder: Path, master: Master, generations: Generations, launcher: Path | None
    ) -> None:
        self._folder = folder
        self._launcher = launcher
        self._master = master
        self._generations = generations

    def serve(self, number: int, *, restart: bool = False) -> None:
        """Serve a configuration that nginx has accepted; return when no other answers any more.

        Raises:
            ProxyRefused: it is not served, what served before is.
        """
        before = self._generations.current
        running = self._master.pid
        self._generations.link(number)
        try:
            if restart:
                self._master.stop()
            if running and not restart:
                self._reload(number, running)
            else:
                self._start(number)
        except ProxyRefused:
            self._put_back(before)
            raise

    def must_restart(self, wanted: tuple[Listen, ...]) -> bool:
        """Say whether nginx must let go of its ports to open `wanted`.

        `nginx -t` and a reload both claim success when a port is taken, so it is found out here.

        Raises:
            ProxyRefused: somebody else holds one of them, or it is not to be had.
        """
        running = self._master.pid
        held = self._generations.facts(control.generation(self._folder)).listens if running else ()
        for listen in wanted:
            if listen in held:
                continue
            found = obstacle(listen, self._launcher)
            if found is None:
                continue
            there = [] if found.final else holders(listen.port, self._launcher)
            if not found.final and any(holder.pid in self._ours(running) for holder in there):
                return running is not None
            raise _port_refused(listen, found, there)
        return False

    def _ours(self, running: int | None) -> frozenset[int]:
        if running:
            return frozenset({running})
        return processes.masterless_workers(self._folder, self._launcher)

    def _start(self, number: int) -> None:
        complaint = self._master.start()
        if complaint:
            raise ProxyRefused(
                f"nginx did not start: {complaint.splitlines()[-1]}",
                detail=complaint,
                hint=f"Its log: {self._folder / ERROR_LOG}",
            )
        self._await(lambda: control.generation(self._folder) == number, self._log_size())

    def _reload(self, number: int, master: int) -> None:
        log_from = self._log_size()
        old = processes.workers_of(master)
        self._master.reload(master)
        self._await(
            lambda: any(map(processes.is_ready, processes.workers_of(master) - old)), log_from
        )
        for worker in old:
            self._master.dismiss(worker)
        self._await(lambda: not any(map(processes.takes_connections, old)), log_from)
        self._await(lambda: control.generation(self._folder) == number, log_from)

    def _await(self, reached: Callable[[], bool], log_from: int) -> None:
        """Wait for a step of nginx's, or for its log to say why there will be none.

        Raises:
            ProxyRefused: the log says so, or it takes too long.
        """
        deadline = time.monotonic() + CONFIRM_LIMIT
        while not reached():
            complaint = self._logged_since(log_from)
            if not complaint and time.monotonic() > deadline:
                complaint = f"it did not follow within {CONFIRM_LIMIT:.0f} seconds"
            if complaint:
                raise ProxyRefused(
                    f"nginx does not serve the new configuration: {complaint}",
                    hint=f"Its log: {self._folder / ERROR_LOG}",
                )
            time.sleep(processes.STEP)

    def _put_back(self, before: int) -> None:
        """Serve the configuration of before again, or nothing when there was none."""
        self._generations.link(before)
        running = self._master.pid
        if not before:
            self._master.stop()
        elif running is None:
            self._master.start()
        elif control.generation(self._folder) != before:
            # It may have loaded the new one, or be about to.
            self._master.reload(running)
            processes.until(lambda: control.generation(self._folder) == before, CONFIRM_LIMIT)

    def reopen_logs(self) -> None:
        """Make nginx write to the files of the present names."""
        if running := self._master.pid:
            self._master.reopen_logs(running)

    def _log_size(self) -> int:
        try:
            return (self._folder / ERROR_LOG).stat().st_size
        except FileNotFoundError:
            return 0

    def _logged_since(self, offset: int) -> str:
        """Return the first reason in nginx's log for not loading what it was told to load."""
        try:
            with (self._folder / ERROR_LOG).open("rb") as log:
                log.seek(offset)
                text = log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        emergencies = [line for line in text.splitlines() if "[emerg]" in line]
        return emergencies[0].partition("[emerg] ")[2] if emergencies else ""


def _port_refused(listen: Listen, found: Obstacle, there: list[Holder]) -> ProxyRefused:
    if found.final:
        return ProxyRefused(
            f"The proxy cannot listen on {listen}: {found.reason}.", hint=found.hint
        )
    by = there[0] if there else "another process"
    return ProxyRefused(
        f"The proxy cannot listen on {listen}: the port is taken by {by}.",
        hint="Stop that, or choose another port: dokkupy init --http-port N",
    )
