"""An ssh server of one's own on loopback, and the keys of people who come to it."""

from __future__ import annotations

import getpass
import os
import pwd
import shlex
import socket
import subprocess
from pathlib import Path
from typing import Self

SETTINGS = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile {folder}/pid
AuthorizedKeysFile {authorized_keys}
StrictModes {strict}
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin forced-commands-only
Subsystem sftp internal-sftp
# What the shell of whoever runs the tests does when it starts is none of theirs.
SetEnv HOME={home}
# As lax as a careless administrator could make it.
AcceptEnv *
AllowTcpForwarding yes
GatewayPorts yes
"""
PRIVILEGE_FOLDER = Path("/run/sshd")
"""Where the server, when root runs it, wants an empty folder; the distribution makes it at boot."""


class PrivateSshd:
    """Serves the keys of one `authorized_keys` file, between `with` and its end.

    With a `user` it is the file in that user's home, and it must satisfy sshd's StrictModes;
    other files may lie below a folder that everybody may write to.
    """

    def __init__(
        self, folder: Path, authorized_keys: Path = Path(), *, user: str | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._user = user or getpass.getuser()
        self._home = pwd.getpwnam(user).pw_dir if user else str(folder)
        self._keys = ".ssh/authorized_keys" if user else str(authorized_keys)
        self._strict = "yes" if user else "no"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    @property
    def address(self) -> str:
        """The server as `git set --global ssh` takes it."""
        return f"{self._user}@127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            PRIVILEGE_FOLDER.mkdir(mode=0o755, exist_ok=True)
        self.make_key("host")
        settings = self._folder / "settings"
        settings.write_text(
            SETTINGS.format(
                port=self.port,
                folder=self._folder,
                authorized_keys=self._keys,
                strict=self._strict,
                home=self._home,
            )
        )
        self._server = subprocess.Popen(
            ["/usr/sbin/sshd", "-D", "-e", "-f", str(settings)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._server.stderr is not None
        said = self._server.stderr.readline()
        assert "Server listening" in said, said + self._server.stderr.read()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.communicate(timeout=20)

    def make_key(self, name: str) -> Path:
        """Make a pair of keys and return the private one; the public one is `.pub` beside it."""
        key = self._folder / name
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{name}@test", "-f", str(key)],
            check=True,
            stdin=subprocess.DEVNULL,
        )
        return key

    def command(self, key: Path, *options: str) -> list[str]:
        """Return the words that open a session with `key`; what the server shall do follows."""
        settings = {
            "BatchMode": "yes",
            "IdentitiesOnly": "yes",
            "IdentityFile": str(key),
            "LogLevel": "ERROR",
            "Port": str(self.port),
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
        }
        chosen = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", "-F", "none", *chosen, *options, "--", f"{self._user}@127.0.0.1"]

    def git_command(self, key: Path) -> str:
        """Return what `GIT_SSH_COMMAND` must be for a push with `key`."""
        return shlex.join(self.command(key)[:-2])
