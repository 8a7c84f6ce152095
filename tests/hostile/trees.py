"""Trees on the disk as a repository or an archive may bring them, and archives of them."""

from __future__ import annotations

import io
import os
import shutil
import socket
import stat
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, NamedTuple

from hypothesis import strategies as st

from .texts import CANARY

SECRET: Final = b"outside: of nobody's business\n"
"""What lies in a file beside the tree."""

NAMES: Final = (
    "a", "b", "Dockerfile", ".dockerignore", "Procfile", "app.json", "sub", "a\nb", "a\x1b[2J",
    "-rf", "--help", " ", "a b", "~", "*", "\udcff", "\u202egpj", "ä", "a" * 200, ".git", "..a",
    "$(touch x)", "a\\b", "C:", CANARY,
)  # fmt: skip
TARGETS: Final = (
    "../outside", "../../outside", "/etc/passwd", "a", "sub/../..", ".", "..", "/", "/dev/zero",
    "nowhere", "a" * 300, "\udcff", "/proc/self/environ",
)  # fmt: skip

Kind = str


class Thing(NamedTuple):
    """Something at a place in a tree."""

    parts: tuple[str, ...]
    kind: Kind
    target: str


KINDS: Final = ("file", "file", "folder", "link", "link", "hard", "pipe", "socket")
things = st.builds(
    Thing,
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(tuple),
    st.sampled_from(KINDS),
    st.sampled_from(TARGETS),
)
trees = st.lists(things, max_size=6)


def grow(folder: Path, wanted: list[Thing]) -> Path:
    """Make a tree, as far as the file system takes it, and return its root."""
    shutil.rmtree(folder, ignore_errors=True)
    tree = folder / "tree"
    tree.mkdir(parents=True)
    (folder / "outside").write_bytes(SECRET)
    for thing in wanted:
        path = tree.joinpath(*thing.parts)
        with suppress(OSError, ValueError):
            if path.parent.resolve().is_relative_to(tree) and not os.path.lexists(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                _make(path, thing, folder)
    return tree


def _make(path: Path, thing: Thing, folder: Path) -> None:
    if thing.kind == "file":
        path.write_text("FROM x\n")
    elif thing.kind == "folder":
        path.mkdir()
    elif thing.kind == "link":
        path.symlink_to(thing.target)
    elif thing.kind == "hard":
        path.hardlink_to(folder / "tree" / "a")
    elif thing.kind == "pipe":
        os.mkfifo(path)
    elif len(os.fsencode(path)) < 100:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.fsencode(path))


def is_plain(path: Path) -> bool:
    """Say whether it is a file of its own."""
    return stat.S_ISREG(path.lstat().st_mode)


MEMBERS: Final = (
    "server.crt", "server.key", "./server.crt", "../server.crt", "/server.crt", "/etc/passwd",
    "../../outside", "server.crt/../x", "a" * 150, "dir/" * 60 + "a", "\udcff", "a\nb", "", ".",
)  # fmt: skip
TYPES: Final = (
    tarfile.REGTYPE, tarfile.REGTYPE, tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.LNKTYPE,
    tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE,
    tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, b"V", b"M", b"?",
)  # fmt: skip
FORMATS: Final[tuple[Literal[0, 1, 2], ...]] = (0, 1, 2)
"""USTAR, GNU and PAX."""
members = st.tuples(
    st.sampled_from(MEMBERS),
    st.sampled_from(TYPES),
    st.sampled_from(TARGETS),
    st.integers(0, 700),
    st.sampled_from(FORMATS),
)


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """Return tar archives, well-formed ones and spoiled ones."""
    written = io.BytesIO()
    for name, kind, target, size, form in draw(st.lists(members, max_size=4)):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        info.size = size if kind in (tarfile.REGTYPE, tarfile.AREGTYPE) else 0
        with suppress(ValueError):  # that format cannot carry it
            written.write(info.tobuf(form, "utf-8", "surrogateescape"))
            written.write(b"x" * info.size + bytes(-info.size % 512))
    text = bytearray(written.getvalue() + bytes(1024))
    for _ in range(draw(st.integers(0, 2))):
        text[draw(st.integers(0, len(text) - 1))] = draw(st.integers(0, 255))
    return bytes(text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text)
