"""One container of the fake engine: its life from created to removed."""

from __future__ import annotations

import ipaddress
import itertools
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Final, Literal

from dokkupy.engine import ContainerInfo, ContainerSpec, Listener
from dokkupy.errors import Conflict
from dokkupy.testing.loopback import LoopbackServer
from dokkupy.testing.program import Program

RESTART_SECONDS: Final = 0.1
"""What Docker waits before its first restart."""

_EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - what a program in a container binds to
_pids = itertools.count(1_000_000)


class FakeContainer:
    """State, output and timers of one container; its owner's lock guards every method.

    `ended` is called, with the lock held, each time the process has ended.
    """

    def __init__(
        self,
        identity: str,
        spec: ContainerSpec,
        image: str,
        program: Program,
        *,
        command: Sequence[str] = (),
        lock: threading.Condition,
        ended: Callable[[FakeContainer], None],
    ) -> None:
        self.spec = spec
        self.program = program
        self.output: list[tuple[float, Literal[1, 2], bytes]] = []
        self.files: dict[str, bytes] = {}
        """Path -> content of what was written outside of volumes."""
        self.info = ContainerInfo(
            id=identity,
            name=spec.name,
            image=image,
            labels=dict(spec.labels),
            state="created",
            exit_code=0,
            oom_killed=False,
            address=spec.address,
            pid=0,
            started_at=0.0,
            restart_policy="no",
            memory=spec.memory,
            cpus=spec.cpus,
            pids=spec.pids,
            command=tuple(command),
        )
        self._lock = lock
        self._ended = ended
        self._server: LoopbackServer | None = None
        self._timer: threading.Timer | None = None

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return self.info.state == "running"

    @property
    def listeners(self) -> list[Listener]:
        """What listens inside."""
        if not self.running or not self.program.listen:
            return []
        return [Listener(address=self.program.listen, port=self._port)]

    @property
    def _port(self) -> int:
        return self.program.port or int(self.spec.env.get("PORT", "0"))

    def start(self) -> None:
        """Run the program from its beginning."""
        program, env = self.program, self.spec.env
        self._set(state="running", started_at=time.time(), pid=next(_pids), oom_killed=False)
        for key in program.needs:
            if key not in env:
                self.print(1, f"KeyError: '{key}'")
                self.end(1)
                return
        for line in program.line:
            self.print(1, line)
        for line in program.error:
            self.print(2, line)
        for key in program.show:
            self.print(1, f"{key}={env.get(key, '')}")
        if program.hog and self.spec.memory:
            self.end(137, oom_killed=True)
        elif program.exits is not None and not program.echo and not program.after:
            self.end(program.exits)
        else:
            self._listen()
            if program.exits is not None and not program.echo:
                self._after(program.after, self._end_by_itself)

    def print(self, output: Literal[1, 2], text: str) -> None:
        """Add lines to its log."""
        now = time.time()
        self.output += [(now, output, line) for line in text.encode().split(b"\n")]
        self._lock.notify_all()

    def more_output(self, shown: int) -> tuple[list[bytes], bool]:
        """Wait for lines after the first `shown`; return them, and whether more may come."""
        self._lock.wait_for(lambda: len(self.output) > shown or not self.running)
        return [line for _, _, line in self.output[shown:]], self.running

    def end(self, code: int, *, oom_killed: bool = False, by_hand: bool = False) -> None:
        """End the process; the engine starts it again if its policy says so.

        Only an end `by_hand`, a stop or a kill, is left alone by the policy.
        """
        self._release()
        again = self.info.restart_policy == "unless-stopped" and not by_hand
        state: Literal["restarting", "exited"] = "restarting" if again else "exited"
        self._set(state=state, exit_code=code, oom_killed=oom_killed, pid=0)
        if again:
            self._after(RESTART_SECONDS, self._start_again)
        self._ended(self)

    def set_restart_policy(self, policy: Literal["no", "unless-stopped"]) -> None:
        """Change what happens at the end."""
        self._set(restart_policy=policy)

    def take_address(self, address: str) -> None:
        """Get an address that the engine chose."""
        self._set(address=address)

    def join(self, networks: Collection[str]) -> None:
        """Be on exactly these networks."""
        self._set(networks=tuple(sorted(networks)))

    def discard(self) -> None:
        """End everything without a trace: the container is being removed."""
        self._release()
        self._set(state="removing", pid=0)

    def _listen(self) -> None:
        program, address = self.program, self.info.address
        on_loopback = bool(address) and ipaddress.ip_address(address).is_loopback
        if program.listen in _EVERYWHERE and on_loopback:
            try:
                self._server = LoopbackServer(address, self._port, program)
            except OSError as error:
                self._set(state="exited", exit_code=128, pid=0)
                raise Conflict(
                    f"The fake engine cannot listen on {address}:{self._port}: {error.strerror}.",
                    hint="Give its network another subnet from loopback_subnets().",
                ) from error

    def _end_by_itself(self) -> None:
        if self.running:
            self.end(self.program.exits or 0)

    def _start_again(self) -> None:
        if self.info.state == "restarting":
            self._set(restart_count=self.info.restart_count + 1)
            self.start()

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        def locked() -> None:
            with self._lock:
                # A timer that had fired already when it was cancelled must not act.
                if self._timer is timer:
                    act()

        timer = threading.Timer(seconds, locked)
        timer.daemon = True
        self._timer = timer
        timer.start()

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._server is not None:
            self._server.close()
            self._server = None

    def _set(self, **changes: object) -> None:
        self.info = replace(self.info, **changes)  # type: ignore[arg-type]
        self._lock.notify_all()
