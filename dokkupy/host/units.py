"""Units of systemd that a server has: written, enabled, stopped and removed together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from dokkupy.host.running import run

FOLDER: Final = Path("/etc/systemd/system")
RUNNING: Final = Path("/run/systemd/system")
"""There when systemd is this machine's init (sd_booted(3))."""
PLAIN: Final = re.compile(r"[A-Za-z0-9_./=-]+")
"""Words that systemd reads as they are."""
WRITTEN: Final = "# Written by `dokkupy host setup`; what is changed here by hand is lost.\n"


class Units:
    """The files of one or more units, and the link that enables one of them."""

    def __init__(
        self,
        root: Path,
        texts: Mapping[str, str],
        *,
        enabled: str,
        wanted_by: str,
        folder: Path = FOLDER,
        running: Path = RUNNING,
    ) -> None:
        self.enabled = enabled
        """The name of the unit that systemd is told of; others are started by it."""
        self.file = folder / enabled
        self._root = root
        self._texts = {folder / name: text for name, text in texts.items()}
        self._link = folder / f"{wanted_by}.wants" / enabled
        self._running = running

    @property
    def are_minded(self) -> bool:
        """Whether systemd runs on this machine."""
        return self._running.is_dir()

    @property
    def are_enabled(self) -> bool:
        """Whether systemd finds the unit when it starts."""
        return self._link.is_symlink()

    @property
    def are_there(self) -> bool:
        """Whether every file is as it shall be, and the link too."""
        return self.are_enabled and all(_read(f) == text for f, text in self._texts.items())

    def foreign(self) -> Path | None:
        """Return the first of the files that somebody else has written."""
        for file in self._texts:
            text = _read(file)
            if text and not text.startswith(WRITTEN):
                return file
        return None

    def write(self) -> None:
        """Write and enable them, which starts nothing yet."""
        self._link.parent.mkdir(parents=True, exist_ok=True)
        for file, text in self._texts.items():
            fresh = file.with_suffix(f"{file.suffix}.new")
            fresh.write_text(text, encoding="utf-8")
            fresh.chmod(0o644)
            fresh.replace(file)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(self.file)
        self.tell("daemon-reload")

    def remove(self) -> Iterator[str]:
        """Stop and remove those that are this root's, and say so."""
        ours = [file for file in self._texts if self._is_ours(_read(file))]
        if not ours:
            return
        yield f"Removing {', '.join(map(str, ours))}"
        self.tell("stop", self.enabled)
        self._link.unlink(missing_ok=True)
        for file in ours:
            file.unlink()
        self.tell("daemon-reload")

    def tell(self, *words: str) -> None:
        """Have systemd do something, if it runs."""
        if self.are_minded:
            run(["systemctl", *words])

    def _is_ours(self, text: str) -> bool:
        # Each says in its description what it is of, with the root's path at the end.
        of_root = re.search(rf"^Description=.* {re.escape(str(self._root))}$", text, re.MULTILINE)
        return text.startswith(WRITTEN) and of_root is not None


def command_line(words: Sequence[str]) -> str:
    """Return words as a command line of systemd.service(5), nothing in them expanded."""
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return escaped if PLAIN.fullmatch(escaped) else f'"{escaped}"'


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
