"""Which buildpacks build a source: those that were set, those that it names, or a bundled one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dokkupy.errors import BuildFailed, UsageError
from dokkupy_buildpacks.references import Buildpack, BuildpackList

LOOKS_FOR: Final[Mapping[str, tuple[str, ...]]] = {
    "python": (
        "requirements.txt",
        "uv.lock",
        "poetry.lock",
        "pyproject.toml",
        "setup.py",
        "manage.py",
    ),
    "node": ("package.json",),
}
"""What the bundled buildpacks recognise, so that a source is recognised without a container."""

LIST: Final = ".buildpacks"
_MOST_BYTES: Final = 64 * 1024


def chosen(tree: Path, properties: Mapping[str, object]) -> list[Buildpack]:
    """Return the buildpacks for a source, in the order in which they run; none when none fits.

    Raises:
        BuildFailed: the source names one that cannot be, or not in a way that is understood.
    """
    if own := BuildpackList(str(properties.get("buildpacks") or "")).packs:
        return own
    try:
        named = _listed(tree) or _declared(tree)
    except UsageError as error:
        raise BuildFailed(error.message, hint=error.hint) from error
    for pack in named:
        if pack.place().kind == "folder":
            raise BuildFailed(
                f"The source names the folder {pack!a} as a buildpack.",
                hint="Give the URL of a git repository or of an archive there.",
            )
    return named or _recognised(tree)


def _recognised(tree: Path) -> list[Buildpack]:
    for name, files in LOOKS_FOR.items():
        if any((tree / file).is_file() for file in files):
            return [Buildpack(name)]
    return []


def _listed(tree: Path) -> list[Buildpack]:
    text = _text(tree / LIST)
    lines = (line.strip() for line in text.splitlines())
    return [Buildpack.parse(line) for line in lines if line and not line.startswith("#")]


def _declared(tree: Path) -> list[Buildpack]:
    text = _text(tree / "app.json")
    if not text:
        return []
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"app.json is not valid JSON: {error}.", hint="Mend it.") from None
    entries = document.get("buildpacks") or [] if isinstance(document, dict) else []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UsageError(
            "app.json: `buildpacks` is no list of objects.",
            hint='Write it as {"buildpacks": [{"url": "python"}]}.',
        )
    return [Buildpack.parse(str(entry.get("url", ""))) for entry in entries]


def _text(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        if path.is_symlink() or path.exists():
            raise UsageError(f"{path.name} is not a regular file.", hint="Commit it as one.")
        return ""
    if path.stat().st_size > _MOST_BYTES:
        raise UsageError(f"{path.name} is larger than 64 KiB.", hint="Shorten it.")
    return path.read_text(encoding="utf-8-sig", errors="replace")
