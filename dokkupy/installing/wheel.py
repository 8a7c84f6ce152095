"""A distribution's files packed into the wheel that they came from.

So what was fetched, looked at and verified is, byte for byte, what gets installed.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath
from typing import Final

from dokkupy.errors import PluginError

_INSTALLERS_OWN: Final = frozenset({"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"})
"""What an installer adds to the metadata that a wheel brings."""


def pack(found: Distribution, folder: Path) -> Path:
    """Write the wheel of a distribution that lies in a folder of its own; return its path.

    Raises:
        PluginError: it brings files that belong elsewhere than into a folder of modules.
    """
    paths = sorted(str(path) for path in _modules(found))
    record = next(path for path in found.files or () if path.name == "RECORD")
    info = str(record.parent)
    wheel = folder / f"{_stem(found)}.whl"
    rows: list[tuple[str, str, str]] = []
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            content = Path(str(found.locate_file(path))).read_bytes()
            archive.writestr(zipfile.ZipInfo(path), content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            rows.append((path, f"sha256={digest.decode()}", str(len(content))))
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([*rows, (f"{info}/RECORD", "", "")])
        archive.writestr(f"{info}/RECORD", text.getvalue())
    return wheel


def _modules(found: Distribution) -> Iterator[PurePosixPath]:
    scripts = {point.name for point in found.entry_points.select(group="console_scripts")}
    for path in found.files or ():
        described = path.parent.suffix == ".dist-info"
        if path.suffix == ".pyc" or (described and path.name in _INSTALLERS_OWN):
            continue
        if path.parent.name == "bin" and path.name in scripts:
            continue  # made anew from the entry points
        if ".." in path.parts or path.is_absolute():
            raise PluginError(
                f"{found.name} {found.version} brings {path}, which is not a part of a package.",
                hint="Tell its author: a plugin brings one package and nothing beside it.",
            )
        yield path


def _stem(found: Distribution) -> str:
    """Return name, version and tags as a wheel's file name has them (PEP 427)."""
    described = Parser().parsestr(found.read_text("WHEEL") or "")
    tags = (tag.split("-") for tag in described.get_all("Tag") or ["py3-none-any"])
    pythons, abis, platforms = (dict.fromkeys(part) for part in zip(*tags, strict=True))
    parts = [found.name.replace("-", "_"), found.version.replace("-", "_")]
    return "-".join([*parts, *(".".join(part) for part in (pythons, abis, platforms))])
