"""The public keys that may enter by ssh, and the file that tells sshd of them.

Formats: sshd(8), "AUTHORIZED_KEYS FILE FORMAT", and RFC 4253, section 6.6.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from dokkupy import entry
from dokkupy.errors import StateError, UsageError
from dokkupy.names import Name

if TYPE_CHECKING:
    from pathlib import Path

    from dokkupy.paths import Paths
    from dokkupy.store.keys import SshKey

FIELDS: Final = {
    "ssh-ed25519": 2,
    "ssh-rsa": 3,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "sk-ssh-ed25519@openssh.com": 3,
    "sk-ecdsa-sha2-nistp256@openssh.com": 4,
}
"""Type of key -> how many strings its body holds; DSA is too weak, certificates not keys."""
LONGEST_KEY: Final = 16 * 1024
"""Characters; a key of RSA with 16,384 bits has 2,800."""
ENTRY: Final = "from dokkupy.ssh import main; main()"


class KeyName(Name):
    """The name that the holder of a key acts under."""

    __slots__ = ()
    noun = "key name"
    pattern = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")
    rule = (
        "1 to 63 letters, digits, dots, dashes, underscores and @, starting with a letter or digit"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A public key without its comment."""

    kind: str
    body: str
    """Base64."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the one line of a `.pub` file.

        Raises:
            UsageError: it is no public key, or not one alone; a private key is never repeated.
        """
        if "PRIVATE KEY" in text:
            raise UsageError(
                "This is a private key, which must stay with its owner.",
                hint="Give the .pub file beside it.",
            )
        lines = [line for line in text.strip().splitlines() if line.strip()]
        words = lines[0].split(None, 2) if len(lines) == 1 and len(text) <= LONGEST_KEY else []
        if len(words) < 2 or words[0] not in FIELDS:
            raise UsageError(
                "This is not one public key of OpenSSH.",
                hint=f"Give a line that starts with {', '.join(FIELDS)}.",
            )
        kind, body = words[:2]
        try:
            raw = base64.b64decode(body, validate=True)
            fields = list(_strings(raw))
        except (binascii.Error, ValueError):
            fields = []
        if len(fields) != FIELDS[kind] or fields[0] != kind.encode():
            raise UsageError(f"The body of this {kind} key is damaged.", hint="Copy it once more.")
        return cls(kind=kind, body=body)

    @property
    def fingerprint(self) -> str:
        """What `ssh-keygen -l` prints: `SHA256:…`."""
        digest = hashlib.sha256(base64.b64decode(self.body)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    def __str__(self) -> str:
        return f"{self.kind} {self.body}"


def _strings(raw: bytes) -> Iterator[bytes]:
    """Split a body into its strings, each led by its length (RFC 4251, section 5)."""
    while raw:
        size = int.from_bytes(raw[:4], "big")
        if len(raw) < 4 + size:
            raise ValueError("cut off")
        yield raw[4 : 4 + size]
        raw = raw[4 + size :]


def render(keys: Iterable[SshKey], script: Path) -> str:
    """Return the text of `authorized_keys`: each key may run the entry script, nothing else.

    Raises:
        StateError: the path cannot stand in such a file.
    """
    if not str(script).isprintable():
        raise StateError(f"{str(script)!a} cannot be named to sshd.", hint="Move the root.")
    lines = []
    for key in keys:
        command = f"{shlex.quote(str(script))} {key.name}".replace('"', '\\"')
        lines.append(f'command="{command}",restrict {key.public} {key.name}\n')
    return "".join(lines)


def write(paths: Paths, keys: Iterable[SshKey]) -> None:
    """Make the file and the script that it names say what the store says."""
    script = paths.ssh / "entry"
    entry.keep(script, entry.script(ENTRY), mode=0o700)
    entry.keep(paths.ssh / "authorized_keys", render(keys, script), mode=0o600)
