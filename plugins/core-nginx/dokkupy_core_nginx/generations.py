"""The rendered configurations on disk: a main file each, parts that they share, a link to one."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from dokkupy_core_nginx.addresses import Listen
from dokkupy_core_nginx.naming import PARTS, owner

HOME: Final = "conf"
CURRENT: Final = f"{HOME}/current.conf"
"""Link to the main file that is served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is remembered of a configuration beside its files."""

    listens: tuple[Listen, ...] = ()
    parts: tuple[str, ...] = ()
    """Files that the main file includes, themselves or by one another."""
    withheld: tuple[str, ...] = ()
    """Apps whose page says that they are not served."""
    warnings: tuple[str, ...] = ()
    """What was left out of it and why."""


class Generations:
    """The configurations of one proxy folder, numbered; a number is never used twice."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._home = folder / HOME

    @property
    def current(self) -> int:
        """The number that is linked, 0 when none is."""
        try:
            return int((self._folder / CURRENT).readlink().stem)
        except (FileNotFoundError, ValueError):
            return 0

    def main_file(self, number: int) -> Path:
        """Return the path of a configuration's main file."""
        return self._home / f"{number}.conf"

    def begin(self) -> int:
        """Take the next number.

        One that failed stays used: nginx may still load its files late, and must not then be
        taken for a later configuration.
        """
        for part in PARTS:
            (self._home / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        counter = self._home / "counter"
        try:
            last = int(counter.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            last = 0
        number = max(last, self.current) + 1
        _write(counter, str(number))
        return number

    def write(self, files: Mapping[str, str]) -> None:
        """Make files (path relative to the configurations' folder -> text) hold their texts.

        What is there already is read and not written: with hundreds of apps that is much
        quicker, and mends what was damaged or changed by hand all the same.
        """
        for name, text in files.items():
            path = f"{self._home}/{name}"
            if _read(path) != text.encode():
                _write(path, text)

    def remember(self, number: int, facts: Facts) -> None:
        """Keep the facts of a configuration."""
        kept = {
            "listens": [asdict(listen) for listen in facts.listens],
            "parts": facts.parts,
            "withheld": facts.withheld,
            "warnings": facts.warnings,
        }
        _write(self._facts_file(number), json.dumps(kept))

    def facts(self, number: int) -> Facts:
        """Return the facts of a configuration, none when it is gone or a power cut took them."""
        try:
            kept = json.loads(self._facts_file(number).read_bytes())
        except (FileNotFoundError, ValueError):
            return Facts()
        return Facts(
            listens=tuple(Listen(**listen) for listen in kept["listens"]),
            parts=tuple(kept["parts"]),
            withheld=tuple(kept["withheld"]),
            warnings=tuple(kept["warnings"]),
        )

    def parts_of(self, number: int, app: str) -> dict[str, str]:
        """Return plugin -> text of the parts of an app; its own stands under the empty name."""
        return {
            plugin: (self._home / part).read_text(encoding="utf-8")
            for part in self.facts(number).parts
            for part_app, plugin in [owner(part)]
            if part_app == app
        }

    def link(self, number: int) -> None:
        """Make a configuration the current one, in one step; 0 makes none current."""
        link = self._folder / CURRENT
        if not number:
            link.unlink(missing_ok=True)
            return
        fresh = link.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(self.main_file(number).name)
        fresh.replace(link)

    def keep_only(self, numbers: Collection[int]) -> None:
        """Remove the other configurations, and the parts that only they have."""
        kept = {part for number in numbers for part in self.facts(number).parts}
        kept |= {self.main_file(number).name for number in numbers}
        kept |= {self._facts_file(number).name for number in numbers}
        for name in self._files():
            if name not in kept:
                (self._home / name).unlink()

    def _files(self) -> Iterator[str]:
        yield from (path.name for path in self._home.glob("[0-9]*.*"))
        for part in PARTS:
            yield from (f"{part}/{path.name}" for path in (self._home / part).iterdir())

    def _facts_file(self, number: int) -> Path:
        return self._home / f"{number}.json"


def _read(path: str) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return os.read(descriptor, os.fstat(descriptor).st_size + 1)
    finally:
        os.close(descriptor)


def _write(path: str | Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
