"""The ssh hosts whose keys a root trusts, beside those that its user does."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from dokkupy import entry
from dokkupy.authorized_keys import FIELDS, PublicKey
from dokkupy.errors import NotFound, Refused, UsageError

if TYPE_CHECKING:
    from dokkupy.paths import Paths

SCAN_SECONDS: Final = 15
_HOST: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9.-]{0,252})(?::([1-9][0-9]{0,4}))?")
_USUAL_PORT: Final = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class SshHost:
    """An ssh server, written `HOST` or `HOST:PORT`."""

    name: str
    port: int = _USUAL_PORT

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the server that `text` names.

        Raises:
            UsageError: it names none.
        """
        found = _HOST.fullmatch(text)
        port = int(found[2] or _USUAL_PORT) if found else 0
        if found is None or port > 65535:
            raise UsageError(
                f"{text!a:.100} is no ssh server.", hint="Write HOST or HOST:PORT: github.com"
            )
        return cls(name=found[1].lower(), port=port)

    def __str__(self) -> str:
        return self.name if self.port == _USUAL_PORT else f"{self.name}:{self.port}"

    @property
    def known_as(self) -> str:
        """How a file of known hosts names it."""
        return self.name if self.port == _USUAL_PORT else f"[{self.name}]:{self.port}"


def options(paths: Paths) -> list[str]:
    """Return the options that have ssh ask nobody and meet nobody unknown."""
    file = str(paths.ssh / "known_hosts").replace("%", "%%")
    chosen = {
        "BatchMode": "yes",
        "ConnectTimeout": "30",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": f'"{file}" ~/.ssh/known_hosts',
    }
    return [word for name, value in chosen.items() for word in ("-o", f"{name}={value}")]


def trust(paths: Paths, host: SshHost, fingerprint: str) -> PublicKey:
    """Know a host by the one of its keys that has a fingerprint; what it was known by is gone.

    Raises:
        NotFound: it does not answer.
        Refused: none of its keys has that fingerprint; the hint shows those that it has.
    """
    keys = scan(host)
    chosen = next((key for key in keys if key.fingerprint == fingerprint), None)
    if chosen is None:
        shown = "\n".join(f"{key.kind} {key.fingerprint}" for key in keys)
        what = f"has no key {fingerprint!a:.80}" if fingerprint else "has to be looked at first"
        raise Refused(
            f"The host {host} {what}.",
            hint="Compare this with what its owner says, then: "
            f"dokkupy git trust {host} --fingerprint {keys[0].fingerprint}",
            detail=f"It has these keys:\n{shown}",
        )
    file = paths.ssh / "known_hosts"
    lines = file.read_text().splitlines() if file.exists() else []
    kept = [line for line in lines if line.partition(" ")[0] != host.known_as]
    paths.ssh.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = "\n".join([*kept, f"{host.known_as} {chosen}"]) + "\n"
    entry.keep(file, text, mode=0o600)
    return chosen


def scan(host: SshHost) -> list[PublicKey]:
    """Return the keys that a host shows, the ones of Ed25519 first.

    Raises:
        NotFound: it does not answer.
    """
    words = ["ssh-keyscan", "-T", str(SCAN_SECONDS), "-p", str(host.port), "--", host.name]
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=4 * SCAN_SECONDS
    )
    shown = [line.partition(" ")[2] for line in done.stdout.decode("utf-8", "replace").splitlines()]
    keys = [PublicKey.parse(key) for key in shown if key.partition(" ")[0] in FIELDS]
    if not keys:
        raise NotFound(f"No ssh server answers at {host}.", hint="Write another port as HOST:PORT.")
    return sorted(keys, key=lambda key: key.kind != "ssh-ed25519")
