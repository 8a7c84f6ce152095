"""A staged distribution becomes the wheel that it came from."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

from dokkupy.errors import PluginError
from dokkupy.installing.wheel import pack

INFO = "dokkupy_plugin_x-1.0.dist-info"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-abi3-linux_x86_64\n"
BROUGHT = {
    "dokkupy_x/__init__.py": '"""X."""\n',
    "dokkupy_x/templates/page, with comma.html": "<p>\n",
    f"{INFO}/METADATA": "Metadata-Version: 2.1\nName: dokkupy-plugin-x\nVersion: 1.0\n",
    f"{INFO}/WHEEL": WHEEL,
    f"{INFO}/entry_points.txt": "[console_scripts]\nx = dokkupy_x:main\n",
}
OF_THE_INSTALLER = {
    "bin/x": "#!/bin/sh\n",
    "dokkupy_x/__pycache__/__init__.cpython-311.pyc": "",
    f"{INFO}/INSTALLER": "pip\n",
    f"{INFO}/REQUESTED": "",
    f"{INFO}/direct_url.json": "{}",
}


def stage(folder: Path, files: dict[str, str]) -> Distribution:
    """Write files as an installer does, the record last, and return what is found there."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    with (folder / INFO / "RECORD").open("w") as record:
        csv.writer(record).writerows((path, "", "") for path in (*files, f"{INFO}/RECORD"))
    (found,) = distributions(path=[str(folder)])
    return found


def test_the_wheel_holds_what_was_brought_and_nothing_of_the_installers(tmp_path: Path) -> None:
    found = stage(tmp_path / "stage", BROUGHT | OF_THE_INSTALLER)
    wheel = pack(found, tmp_path)
    assert wheel.name == "dokkupy_plugin_x-1.0-cp311-abi3-linux_x86_64.whl"
    with zipfile.ZipFile(wheel) as archive:
        content = {name: archive.read(name).decode() for name in archive.namelist()}
    record = content.pop(f"{INFO}/RECORD")
    assert content == BROUGHT
    rows = {path: (digest, size) for path, digest, size in csv.reader(io.StringIO(record))}
    assert rows.keys() == {*BROUGHT, f"{INFO}/RECORD"}
    digest = base64.urlsafe_b64encode(hashlib.sha256(WHEEL.encode()).digest()).rstrip(b"=")
    assert rows[f"{INFO}/WHEEL"] == (f"sha256={digest.decode()}", str(len(WHEEL)))


def test_what_belongs_beside_the_modules_is_refused(tmp_path: Path) -> None:
    found = stage(tmp_path / "stage", BROUGHT | {"../etc/x.conf": "x"})
    with pytest.raises(PluginError, match=r"brings \.\./etc/x\.conf"):
        pack(found, tmp_path)
