"""The rendered configurations on disk: one folder each, and the link to the one that is served."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from dokkupy_core_nginx.addresses import Listen
from dokkupy_core_nginx.master import CURRENT
from dokkupy_core_nginx.render_app import SNIPPETS, app_path, snippet_folder

_FACTS: Final = "facts.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is remembered of a configuration beside its files."""

    listens: tuple[Listen, ...] = ()
    withheld: tuple[str, ...] = ()
    """Apps whose page says that they are not served."""
    warnings: tuple[str, ...] = field(default=())
    """What was left out of it and why."""


class Generations:
    """The configurations of one proxy folder, numbered; a number is never used twice."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._home = folder / "generations"

    @property
    def current(self) -> int:
        """The number that is linked, 0 when none is."""
        try:
            return int((self._folder / CURRENT).readlink().name)
        except (FileNotFoundError, ValueError):
            return 0

    def path(self, number: int) -> Path:
        """Return the folder of a configuration."""
        return self._home / str(number)

    def begin(self) -> int:
        """Take the next number and make its folder.

        A number that failed stays used: nginx may still load its files late, and must not then
        be taken for a later configuration.
        """
        self._home.mkdir(mode=0o700, exist_ok=True)
        counter = self._folder / "counter"
        try:
            last = int(counter.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            last = 0
        number = max(last, self.current) + 1
        _write(counter, str(number))
        path = self.path(number)
        shutil.rmtree(path, ignore_errors=True)
        (path / "apps").mkdir(parents=True)
        return number

    def write(self, number: int, files: Mapping[str, str], before: Mapping[str, str]) -> None:
        """Make a configuration hold `files` (relative path -> text); it holds `before`."""
        path = self.path(number)
        for name in before.keys() - files.keys():
            (path / name).unlink()
        for name, text in files.items():
            if before.get(name) == text:
                continue
            if name.startswith(SNIPPETS):
                (path / name).parent.mkdir(parents=True, exist_ok=True)
            _write(path / name, text)

    def snippets(self, number: int, app: str) -> dict[str, str] | None:
        """Return plugin -> directives by which a configuration serves an app.

        None when it does not serve it.
        """
        if app in self.facts(number).withheld or not (self.path(number) / app_path(app)).exists():
            return None
        folder = self.path(number) / snippet_folder(app)
        try:
            files = sorted(folder.iterdir())
        except FileNotFoundError:
            return {}
        return {file.stem: file.read_text(encoding="utf-8") for file in files}

    def text(self, number: int, app: str) -> str | None:
        """Return an app's file in a configuration with what plugins add, None when it has none."""
        files = [Path(app_path(app))]
        folder = self.path(number) / snippet_folder(app)
        if folder.is_dir():
            files += sorted(file.relative_to(self.path(number)) for file in folder.iterdir())
        try:
            texts = [(self.path(number) / file).read_text(encoding="utf-8") for file in files]
        except FileNotFoundError:
            return None
        return "\n".join(f"# {file}\n{text}" for file, text in zip(files, texts, strict=True))

    def remember(self, number: int, facts: Facts) -> None:
        """Keep the facts of a configuration."""
        _write(self.path(number) / _FACTS, json.dumps(asdict(facts)))

    def facts(self, number: int) -> Facts:
        """Return the facts of a configuration, none when it is gone."""
        try:
            kept = json.loads((self.path(number) / _FACTS).read_bytes())
        except FileNotFoundError:
            return Facts()
        return Facts(
            listens=tuple(Listen(**listen) for listen in kept["listens"]),
            withheld=tuple(kept["withheld"]),
            warnings=tuple(kept["warnings"]),
        )

    def link(self, number: int) -> None:
        """Make a configuration the current one, in one step; 0 makes none current."""
        link = self._folder / CURRENT
        if not number:
            link.unlink(missing_ok=True)
            return
        fresh = link.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(self.path(number).relative_to(self._folder))
        fresh.replace(link)

    def keep_only(self, numbers: Collection[int]) -> None:
        """Remove all other configurations."""
        for path in self._home.iterdir():
            if path.name not in map(str, numbers):
                shutil.rmtree(path, ignore_errors=True)


def _write(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
