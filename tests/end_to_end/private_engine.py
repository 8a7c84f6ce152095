"""A container engine of the tests' own, which they may stop, kill and start as they like."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dokkupy.testing.patience import eventually

PATIENCE_SECONDS = 90


@dataclass(slots=True)
class PrivateEngine:
    """One dockerd with its own folder and socket, which leaves the host's firewall alone."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """What DOCKER_HOST has to say."""
        return f"unix://{self.folder}/engine.sock"

    def docker(self, *words: str) -> str:
        """Ask the engine and return what it says."""
        command = ["docker", f"--host={self.host}", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def start(self) -> None:
        """Start the engine and wait until it answers."""
        # Not `--bridge=none`: dockerd then deletes docker0, which is the host's own engine's.
        bridge = f"dkp{os.getpid()}"
        subprocess.run(["ip", "link", "add", bridge, "type", "bridge"], check=False)
        subprocess.run(["ip", "address", "add", "10.253.253.1/24", "dev", bridge], check=False)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    "dockerd",
                    f"--host={self.host}",
                    f"--data-root={self.folder}/data",
                    f"--exec-root={self.folder}/exec",
                    f"--pidfile={self.folder}/pid",
                    *(f"--bridge={bridge}", "--iptables=false", "--ip6tables=false"),
                    *("--ip-masq=false", "--shutdown-timeout=5"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

        def answers() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
            asked = ["docker", f"--host={self.host}", "version"]
            return subprocess.run(asked, capture_output=True, check=False).returncode == 0

        eventually(answers, timeout=PATIENCE_SECONDS)

    def stop(self) -> None:
        """Stop the engine as an upgrade does; its containers end with it."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)

    def lose_power(self) -> None:
        """End the engine, its keepers and its containers at once, and forget its bridges."""
        assert self.process is not None
        running = self.docker("ps", "--quiet").split()
        bridges = self.docker("network", "ls", "--filter=driver=bridge", "--format={{.ID}}")
        inside = self.docker("inspect", "--format={{.State.Pid}}", *running) if running else ""
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)
        doomed = [*self._processes(), *map(int, inside.split())]
        for pid in doomed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        eventually(lambda: not any(map(_lives, doomed)), timeout=PATIENCE_SECONDS)
        for bridge in bridges.split():
            subprocess.run(["ip", "link", "delete", f"br-{bridge}"], check=False)
        self._forget_what_lives_in_memory()

    def copy_image(self, name: str) -> None:
        """Bring an image over from the host's own engine."""
        with subprocess.Popen(["docker", "save", name], stdout=subprocess.PIPE) as saved:
            subprocess.run(
                ["docker", f"--host={self.host}", "load"],
                stdin=saved.stdout,
                capture_output=True,
                check=True,
            )
        assert saved.returncode == 0

    def _forget_what_lives_in_memory(self) -> None:
        """Remove what lies below /run on a host: a pid noted there may be another's by now."""
        self._remove(self.folder / "exec")

    def remove(self) -> None:
        """Stop the engine and remove its folder, which holds whole images."""
        self.stop()
        self._remove(self.folder)

    def _remove(self, folder: Path) -> None:
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in reversed(mounts):
            if Path(mount).is_relative_to(folder):
                subprocess.run(["umount", mount], check=True)
        shutil.rmtree(folder)

    def _processes(self) -> list[int]:
        """Return the processes whose command line names the folder: containerd and its shims."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with suppress(OSError):
                    line = (entry / "cmdline").read_bytes()
                    program = line.partition(b"\0")[0].rpartition(b"/")[2]
                    if program.startswith(b"containerd") and os.fsencode(self.folder) in line:
                        found.append(int(entry.name))
        return found


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


@contextmanager
def private_engine(folder: Path) -> Iterator[PrivateEngine]:
    """Run an engine for the time of a block; nothing of it is left."""
    engine = PrivateEngine(folder)
    engine.start()
    try:
        yield engine
    finally:
        if engine.process is None or engine.process.poll() is not None:
            engine.start()
        for network in _lines(engine, "network", "ls", "--filter=type=custom", "--quiet"):
            for container in _lines(
                engine, "ps", "--all", "--quiet", f"--filter=network={network}"
            ):
                engine.docker("rm", "--force", container)
            engine.docker("network", "rm", network)
        engine.remove()
        subprocess.run(["ip", "link", "delete", f"dkp{os.getpid()}"], check=False)


def _lines(engine: PrivateEngine, *words: str) -> list[str]:
    return engine.docker(*words).split()
