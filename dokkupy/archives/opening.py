"""An archive of any format, known by its first bytes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from dokkupy.archives import tars, zips
from dokkupy.archives.member import Limits, Member
from dokkupy.archives.packing import Packed, unpacked
from dokkupy.errors import UsageError


def members(stream: IO[bytes], limits: Limits, room: Path) -> Iterator[Member]:
    """Yield what a tar, compressed or not, or a zip holds; `room` is a folder for a zip.

    Raises:
        UsageError: it is no archive, or not all of one.
        Refused: it is beyond the limits, or holds what no app does.
    """
    packed = Packed(stream, limits)
    if not packed.head:
        raise UsageError("The archive is empty.", hint="Send one: … git from-archive APP < FILE")
    if not packed.head.startswith(zips.MAGIC):
        yield from tars.members(unpacked(packed, limits), limits)
        return
    with tempfile.TemporaryFile(dir=room) as file:
        shutil.copyfileobj(packed, file)
        yield from zips.members(file, limits)
