"""A server set up on this machine beside whatever else it is, for a user of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dokkupy.host.reach import barrier, installed

from .conftest import Done, Root, free_port


@dataclass(frozen=True, slots=True)
class Server(Root):
    """A root that `host setup` makes, for a user of its own."""

    python: str
    user: str

    def cli(self, *words: str, stdin: bytes = b"", code: int | None = 0) -> Done:
        """Run one command as root, from a folder that nobody else may enter."""
        secret = self.work / "secret"
        secret.mkdir(mode=0o700, exist_ok=True)
        done = subprocess.run(
            [self.python, "-P", "-m", "dokkupy", "--root", str(self.path), *words],
            input=stdin,
            capture_output=True,
            timeout=180,
            cwd=secret,
            umask=0o077,
            check=False,
        )
        result = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert code is None or result.code == code, f"{words}: {result}"
        return result

    def host(self, verb: str, *words: str, code: int | None = 0) -> Done:
        """Run `host check` or `host setup` for this server's user."""
        return self.cli("host", verb, "--user", self.user, *words, code=code)

    def setup(self) -> Done:
        """Set it up as the tests want it."""
        http, https = str(self.port), str(free_port())
        return self.host(
            "setup", "--domain", "localhost", "--http-port", http, "--https-port", https
        )

    def findings(self, *words: str) -> list[dict[str, str]]:
        """Return what a check finds."""
        found: list[dict[str, str]] = self.host("check", *words, "--json").json
        return found

    def account(self) -> pwd.struct_passwd:
        """Return its user."""
        return pwd.getpwnam(self.user)

    def as_user(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program as its user."""
        return run_as(self.user, *words)

    def not_the_users(self) -> list[str]:
        """Return every file of the root that is not its user's."""
        uid = self.account().pw_uid
        paths = [self.path, *self.path.rglob("*")]
        return [str(path) for path in paths if path.lstat().st_uid != uid]


def run_as(user: str, *words: str) -> subprocess.CompletedProcess[str]:
    account = pwd.getpwnam(user)
    return subprocess.run(
        words,
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=os.getgrouplist(user, account.pw_gid),
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def low_port() -> int:
    """Return a port below 1024 that nobody listens on."""
    for port in range(81, 1024):
        with socket.socket() as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
            return port
    raise AssertionError("every port below 1024 is taken")


def python_for_all(folder: Path) -> str:
    """Return a Python with this dokkupy that every user may run: this one, or a copy of it."""
    if not any(barrier(path) for path in installed()):
        return sys.executable
    shutil.copytree(sys.prefix, folder / "venv", symlinks=True)
    return str(folder / "venv" / "bin" / Path(sys.executable).name)


def make_server(user: str, port: int) -> Server:
    # Not below the folder of tests, which no other user may enter.
    work = Path(tempfile.mkdtemp(prefix="dokkupy-host-", dir="/var/lib"))
    work.chmod(0o755)
    return Server(path=work / "root", port=port, work=work, python=python_for_all(work), user=user)


def remove_server(server: Server) -> None:
    server.cli("host", "remove", "--force", "--confirm", str(server.path), code=None)
    shutil.rmtree(server.work)
