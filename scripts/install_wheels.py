"""Build wheels of the core and the plugins asked for, and install exactly those.

    python scripts/install_wheels.py plugin-domains     the core and one plugin
    python scripts/install_wheels.py all                the core and every plugin

Run by the interpreter to install into, which has `uv` beside it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.metadata import entry_points
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
UV = str(Path(sys.executable).with_name("uv"))


def plugins_of(choice: str) -> list[str]:
    """Return the directories under `plugins/` that a tox environment's name stands for."""
    if choice == "all":
        return sorted(path.parent.name for path in TOP.glob("plugins/*/pyproject.toml"))
    return [choice.removeprefix("plugin-")]


def build(project: Path, into: Path) -> Path:
    """Build the wheel of one project and return its path."""
    into.mkdir()
    subprocess.run([UV, "build", "-q", "--wheel", "--out-dir", into, project], check=True)
    (wheel,) = into.glob("*.whl")
    return wheel


def main(choice: str) -> None:
    """Install, then make sure that nothing else of the family is there."""
    plugins = plugins_of(choice)
    with tempfile.TemporaryDirectory() as directory:
        wheels = Path(directory)
        core = build(TOP, wheels / "core")
        others = [build(TOP / "plugins" / name, wheels / name) for name in plugins]
        install = [UV, "pip", "install", "-q", "--python", sys.executable, "--reinstall-package"]
        command = [*install, "dokkupy", f"dokkupy[testing] @ {core.as_uri()}"]
        for name, wheel in zip(plugins, others, strict=True):
            distribution = f"dokkupy-plugin-{name}"
            command += ["--reinstall-package", distribution, f"{distribution} @ {wheel.as_uri()}"]
        subprocess.run(command, check=True)
    there = sorted(point.name for point in entry_points(group="dokkupy.plugins"))
    if there != sorted(plugins):
        sys.exit(f"installed plugins are {there}, expected {plugins}: run tox with --recreate")


if __name__ == "__main__":
    main(sys.argv[1])
