"""A real registry of images on loopback, which lets in one person."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from dokkupy.testing.patience import eventually

from .conftest import free_port

USER = "ann"
SECRET = "e2e-registry-5b7d"
SETTINGS = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/images}}}}
http: {{addr: "127.0.0.1:{port}"}}
auth: {{htpasswd: {{realm: test, path: {folder}/users}}}}
"""


@dataclass(frozen=True, slots=True)
class Registry:
    """Where it is."""

    host: str


@contextmanager
def serving(folder: Path) -> Iterator[Registry]:
    """Run a registry for the time of a block."""
    port = free_port()
    # The library of passwords that the system has knows the one kind that registries take.
    hashed = subprocess.run(
        ["perl", "-e", "print crypt(<STDIN>, '$2b$05$abcdefghijklmnopqrstuu')"],
        input=SECRET,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (folder / "users").write_text(f"{USER}:{hashed}\n")
    settings = folder / "settings.yml"
    settings.write_text(SETTINGS.format(folder=folder, port=port))
    log = folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(settings)], stdout=said, stderr=said
        )
    try:
        eventually(lambda: _answers(port))
        yield Registry(host=f"localhost:{port}")
    finally:
        process.terminate()
        process.wait(timeout=20)


def _answers(port: int) -> bool:
    try:
        urlopen(f"http://127.0.0.1:{port}/v2/", timeout=5).close()
    except HTTPError as error:
        return error.code == 401
    except URLError:
        return False
    return True
