"""A developer's copy of an example app: change a line, commit, push."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tools import REPOSITORY, BenchmarkError, Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """One `git push`: when it began, when it returned (monotonic seconds), how it ended."""

    began: float
    returned: float
    accepted: bool
    output: str


class Checkout:
    """A git repository with the files of one example."""

    def __init__(self, tools: Tools, folder: Path, example: str) -> None:
        self._tools = tools
        self.folder = folder
        shutil.copytree(
            REPOSITORY / "examples" / example,
            folder,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        self._git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def commit(self) -> None:
        """Commit whatever has changed."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", "Change a line")

    def change(self, version: str) -> None:
        """Make the app answer another version, a change of one line, and commit it."""
        set_version(self.folder, version)
        self.commit()

    def write(self, name: str, text: str) -> str:
        """Replace a file without committing it; return its text of before."""
        file = self.folder / name
        before = file.read_text()
        file.write_text(text)
        return before

    def push(self, remote: str, env: Mapping[str, str] | None = None) -> Pushed:
        """Push main and say how long that took."""
        began = time.monotonic()
        done = self._attempt("push", "--quiet", remote, "main", env=env)
        return Pushed(
            began=began,
            returned=time.monotonic(),
            accepted=done.returncode == 0,
            output=done.stdout + done.stderr,
        )

    def store(self, remote: str, branch: str) -> None:
        """Push what is committed to a branch that is not deployed."""
        self._git("push", "--quiet", remote, f"+main:refs/heads/{branch}")

    def _git(self, *words: str) -> None:
        done = self._attempt(*words)
        if done.returncode:
            raise BenchmarkError(f"git {words[0]} failed: {done.stderr}")

    def _attempt(
        self, *words: str, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return self._tools.attempt([self._tools.git, *words], cwd=self.folder, env=env)


def set_version(folder: Path, version: str) -> None:
    """Change the one line of an example that its answer names."""
    own = folder / "VERSION"
    if own.exists():
        own.write_text(f"{version}\n")
        return
    program = folder / "app.py"
    text, changed = re.subn(
        r'^VERSION = ".*"$', f'VERSION = "{version}"', program.read_text(), flags=re.MULTILINE
    )
    if changed != 1:
        raise BenchmarkError(f"{program} has no one line VERSION = …")
    program.write_text(text)
