"""What an archive holds, and how much of it is taken."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import IO, Final, Literal

from dokkupy.errors import Refused

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds within which an archive is believed to be an app."""

    packed: int = 1024 * MIB
    """Bytes of the archive itself."""
    unpacked: int = 2048 * MIB
    """Bytes of all that it holds."""
    members: int = 60_000
    """Fewer than a zip needs its 64-bit extension for."""
    depth: int = 64
    """Folders within folders."""
    ratio: int = 200
    """Times that it may grow when it is unpacked; what is no bomb grows by 3 to 30."""
    free: int = 64 * MIB
    """Bytes up to which nobody asks how much it grew."""

    def refuse_growth(self, packed: int, unpacked: int) -> None:
        """Say no to what grows too much.

        Raises:
            Refused: it does.
        """
        if unpacked > self.unpacked:
            raise Refused(
                f"The archive holds more than {self.unpacked // MIB} MiB.",
                hint="Leave out what the build makes or fetches itself.",
            )
        if unpacked > self.free and unpacked > packed * self.ratio:
            raise Refused(
                f"The archive grows more than {self.ratio} times when it is unpacked.",
                hint="Leave out files that hold nothing but the same.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry of an archive, as the archive names it."""

    name: str
    kind: Literal["file", "folder", "link", "copy"]
    """`copy` is the same file as an earlier member, which tar calls a hard link."""
    size: int = 0
    executable: bool = False
    target: str = ""
    """Where a link leads, or the name of the member that a copy is of."""
    content: IO[bytes] = field(default_factory=io.BytesIO, repr=False)
    """Of a file; to be read before the next member is asked for."""
