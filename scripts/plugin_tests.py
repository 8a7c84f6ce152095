"""Run the tests of one plugin as its own project: `plugin_tests.py plugin-NAME [ARGUMENT…]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


def main(name: str, arguments: list[str]) -> None:
    """Become pytest, with the plugin's own settings and none of the core's conftest files."""
    plugin = TOP / "plugins" / name.removeprefix("plugin-")
    pytest = str(Path(sys.executable).with_name("pytest"))
    settings = ["-c", str(plugin / "pyproject.toml"), "--rootdir", str(plugin)]
    os.execv(pytest, [pytest, *settings, *arguments, str(plugin / "tests")])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
