"""Write a plugin of every kind and hold it to its own style and types: `scaffold_style.py`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from dokkupy.scaffold import PluginName
from dokkupy.scaffold.writing import KINDS, write


def commands(package: str) -> list[list[str]]:
    """Return what the `lint` environment of a new plugin runs."""
    python = [sys.executable, "-m"]
    return [
        [*python, "ruff", "check", "--no-cache"],
        [*python, "ruff", "format", "--check", "--no-cache"],
        [*python, "mypy", "--cache-dir", "/dev/null", package, "tests"],
    ]


def main() -> None:
    """Stop at the first kind that is not clean."""
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            # Two words, so that dashes and underscores both occur.
            name = PluginName.parse(f"my-{kind}")
            project = Path(folder, name)
            write(name, kind, project)
            for command in commands(f"dokkupy_my_{kind}"):
                done = subprocess.run(command, cwd=project, check=False)
                if done.returncode:
                    sys.exit(f"A new {kind} plugin is not clean: {' '.join(command[1:])}")


if __name__ == "__main__":
    main()
