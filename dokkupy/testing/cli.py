"""The command line run within the test's own process."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch


@dataclass(frozen=True, slots=True, kw_only=True)
class CliResult:
    """What a command came to."""

    exit_code: int
    text: str
    """What it wrote to stdout."""
    stderr: str

    @property
    def json(self) -> Any:
        """What it wrote to stdout, read as JSON."""
        return json.loads(self.text)


class Cli:
    """Runs commands on one root: `cli("apps", "create", "x")`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, *words: str, stdin: bytes = b"") -> CliResult:
        """Run a command as `main` would, with `stdin` as its input and no terminal."""
        from dokkupy.cli.main import run

        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        typed = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
        with patch.multiple(sys, stdin=typed, stdout=out, stderr=err):
            code = run(["--root", str(self.root), *words])
        return CliResult(exit_code=code, text=_written(out), stderr=_written(err))


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
