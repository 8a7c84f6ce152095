"""An archive becomes a commit in an app's repository, whole or not at all."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self, cast

from dokkupy import archives, git
from dokkupy.archives.damage import explained
from dokkupy.archives.packing import cut_off
from dokkupy.archives.tree import Leaf
from dokkupy.errors import DokkupyError, Refused, StateError

if TYPE_CHECKING:
    from dokkupy.archives import Member, Tree
    from dokkupy.names import AppName
    from dokkupy.paths import Paths

LEFT_SECONDS: Final = 86_400
"""After a day nobody is taking an archive any more."""
_PIECE: Final = 65536
_REF: Final = "refs/heads/archive"
_MODES: Final = {False: "100644", True: "100755"}
_LINK_MODE: Final = "120000"


def commit(
    paths: Paths,
    app: AppName,
    archive: IO[bytes],
    *,
    title: str,
    actor: str,
    parent: str,
    limits: archives.Limits | None = None,
) -> str:
    """Store what an archive holds as a commit on top of `parent`, and return its id.

    `parent` may be `git.ABSENT`. No ref moves.

    Raises:
        UsageError: it is no archive, or not all of one.
        Refused: it is beyond the limits, or holds what no app does.
    """
    repository = git.ensure_repo(paths, app)
    _discard_left(paths)
    folder = Path(tempfile.mkdtemp(prefix=f"archive-{app}-", dir=paths.run))
    try:
        staging = git.make_staging(folder / "staging.git", repository)
        with _Importer(staging) as importer:
            tree = importer.take(archive, limits or archives.Limits(), folder)
            importer.commit(tree, title=title, actor=actor, parent=parent)
        made = git.at(staging, _REF)
        try:
            # Git's own checks of hostile names are made on the way.
            git.take_over(repository, staging, _REF)
        except StateError as error:
            raise Refused(
                "Git does not take what the archive holds.",
                hint="Mend what it names, and send the archive again.",
                detail=error.detail,
            ) from error
        return made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _discard_left(paths: Paths) -> None:
    """Remove what processes have left that were killed while they took an archive."""
    for folder in paths.run.glob("archive-*"):
        with suppress(FileNotFoundError):  # another one is as quick
            if folder.stat().st_mtime < time.time() - LEFT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


class _Importer:
    """`git fast-import` with an archive at its other end."""

    def __init__(self, staging: Path) -> None:
        self._staging = staging
        self._marks = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            ["git", f"--git-dir={self._staging}", "fast-import", "--quiet", "--done"],
            env=git.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._process.kill()
            self._process.communicate()
            return
        said = self._process.communicate()[1]
        if self._process.returncode:
            raise _failed(said)

    def take(self, archive: IO[bytes], limits: archives.Limits, room: Path) -> Tree:
        """Send every file of an archive as a blob, and return where they belong."""
        tree = archives.Tree(limits)
        for member in archives.members(archive, limits, room):
            place = tree.place(member)
            if place is None:
                continue
            if member.kind == "copy":
                tree.add(place, tree.copied(member))
            elif member.kind == "link":
                tree.add(place, Leaf(mark=0, target=member.target))
            else:
                tree.add(place, Leaf(mark=self._blob(member), executable=member.executable))
        return tree

    def _blob(self, member: Member) -> int:
        self._marks += 1
        self._send(f"blob\nmark :{self._marks}\ndata {member.size}\n".encode())
        left = member.size
        while left:
            with explained():
                piece = member.content.read(min(left, _PIECE))
            if not piece:
                raise cut_off()
            left -= len(piece)
            self._send(piece)
        with explained():
            member.content.read(1)  # only beyond the end a zip's checksum is looked at
        self._send(b"\n")
        return self._marks

    def commit(self, tree: Tree, *, title: str, actor: str, parent: str) -> None:
        """Make the commit of what was taken."""
        name = "".join(letter for letter in actor if letter.isprintable() and letter not in "<>")
        who = f"{name.strip() or 'unknown'} <> {int(time.time())} +0000"
        files = list(tree.files())
        self._send(f"commit {_REF}\nauthor {who}\ncommitter {who}\n".encode())
        self._send(_data(f"{title}\n"))
        if parent != git.ABSENT:
            self._send(f"from {parent}\ndeleteall\n".encode())
        for place, leaf in files:
            path = _quoted("/".join(place))
            if leaf.target is not None:
                self._send(f"M {_LINK_MODE} inline {path}\n".encode() + _data(leaf.target))
            else:
                self._send(f"M {_MODES[leaf.executable]} :{leaf.mark} {path}\n".encode())
        self._send(b"done\n")

    def _send(self, data: bytes) -> None:
        try:
            cast("IO[bytes]", self._process.stdin).write(data)
        except BrokenPipeError:
            raise _failed(cast("IO[bytes]", self._process.stderr).read()) from None


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%s\n" % (len(content), content)


def _quoted(path: str) -> str:
    """Return a path as git quotes it; control characters it has none."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _failed(said: bytes) -> DokkupyError:
    return StateError(
        "git fast-import failed.",
        hint="See whether there is room on the disk: df -h",
        detail=said.decode("utf-8", "replace").strip(),
    )
