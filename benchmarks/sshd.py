"""A private sshd on loopback that lets one key of its own into a root."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.arena import Arena, free_ports, undisturbed
from benchmarks.tools import BenchmarkError

SEPARATION = Path("/run/sshd")
"""An empty folder that sshd wants when root starts it; the package's service would make it."""


@contextmanager
def ssh_access(arena: Arena) -> Iterator[Mapping[str, str]]:
    """Let a new key in by a new sshd; give the environment in which git uses both.

    Raises:
        BenchmarkError: there is no sshd, or it does not start.
    """
    program = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        raise BenchmarkError("There is no sshd: apt-get install openssh-server")
    folder = arena.folder / "ssh"
    folder.mkdir(mode=0o700)
    port = free_ports(1)[0]
    for name in ("host", "client"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", f"{folder}/{name}"]
        arena.tools.run(key, cwd=folder)
    arena.run("ssh-keys", "add", "benchmark", f"{folder}/client.pub")
    arena.run("git", "set", "--global", "ssh", f"{getpass.getuser()}@127.0.0.1:{port}")
    settings = folder / "sshd_config"
    settings.write_text(server_settings(folder, arena.root, port))
    host_key = (folder / "host.pub").read_text()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    made = os.geteuid() == 0 and not SEPARATION.exists()
    if made:
        SEPARATION.mkdir(mode=0o755)
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        [program, "-D", "-e", "-f", str(settings)],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=dict(arena.tools.environment),
        start_new_session=True,
    )
    try:
        _await_port(server, port, folder / "log")
        yield {"GIT_SSH_COMMAND": client_command(folder)}
    finally:
        with undisturbed():
            server.terminate()
            server.wait()
            log.close()
            if made:
                SEPARATION.rmdir()


def server_settings(folder: Path, root: Path, port: int) -> str:
    """Return the whole configuration of the server."""
    return (
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {root}/ssh/authorized_keys\n"
        # The temporary folder belongs to everybody, which a strict sshd would not stand.
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin forced-commands-only\nAcceptEnv GIT_PROTOCOL\n"
    )


def client_command(folder: Path) -> str:
    """Return what git runs as ssh: with our key and nothing of the user's own settings."""
    return (
        f"ssh -F none -i {folder}/client -o IdentitiesOnly=yes -o BatchMode=yes"
        f" -o UserKnownHostsFile={folder}/known_hosts -o StrictHostKeyChecking=yes"
        " -o IdentityAgent=none -o ControlPath=none"
    )


def _await_port(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise BenchmarkError(f"sshd does not listen: {log.read_text(errors='replace')}")
