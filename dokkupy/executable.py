"""The file that a container runs, as far as its beginning tells."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

HEAD_BYTES: Final = 256
"""As much of a first line as Linux minds (`BINPRM_BUF_SIZE`)."""

_ELF: Final = b"\x7fELF"
_ELF_LITTLE_ENDIAN: Final = 1
_ELF_MACHINES: Final[Mapping[int, str]] = {
    3: "386",
    21: "ppc64le",
    22: "s390x",
    40: "arm",
    62: "amd64",
    183: "arm64",
    243: "riscv64",
}
"""`e_machine` (elf(5)) -> the word that container images use."""
_OTHER_SYSTEMS: Final[Mapping[bytes, str]] = {
    b"\xcf\xfa\xed\xfe": "macOS",
    b"\xca\xfe\xba\xbe": "macOS",
    b"MZ\x90\x00": "Windows",
}
_KERNEL_WORDS: Final[Mapping[str, str]] = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm",
    "armv6l": "arm",
    "i686": "386",
}
_RUNS_TOO: Final[Mapping[str, str]] = {"amd64": "386", "arm64": "arm"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Executable:
    """A file that somebody wants to run."""

    word: str
    """As the command names it."""
    path: str
    """Where it is in the container, links followed."""
    mode: int
    """Permission bits."""
    head: bytes
    """Its first bytes."""

    @property
    def permitted(self) -> bool:
        """Whether anybody may run it."""
        return bool(self.mode & 0o111)

    @property
    def interpreter(self) -> str:
        """What its first line names after `#!`, a carriage return included; empty for none."""
        if not self.head.startswith(b"#!"):
            return ""
        line = self.head[2:].partition(b"\n")[0].decode("utf-8", "replace").strip(" \t")
        return line.partition(" ")[0]

    @property
    def made_for(self) -> str:
        """The processor, or the foreign system, that it is for; empty when it does not say."""
        if self.head.startswith(_ELF) and len(self.head) > 19:
            order = "little" if self.head[5] == _ELF_LITTLE_ENDIAN else "big"
            machine = int.from_bytes(self.head[18:20], order)  # type: ignore[arg-type]
            return _ELF_MACHINES.get(machine, f"processor type {machine}")
        return _OTHER_SYSTEMS.get(self.head[:4], "")


def architecture() -> str:
    """Return the processor of this host in the word that container images use."""
    machine = os.uname().machine
    return _KERNEL_WORDS.get(machine, machine)


def runs(made_for: str, host: str) -> bool:
    """Say whether a host runs what was made for some processor."""
    return made_for in (host, _RUNS_TOO.get(host))
