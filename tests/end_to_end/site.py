"""A Python environment with dokkupy from wheels, and an index to install plugins from."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .conftest import REPOSITORY, Done, Root

BESIDE = ("builder-dockerfile", "core-nginx", "domains")
"""What is installed beside the core."""
FOREIGN = ("DOKKUPY_", "PIP_", "PYTHON", "UV_")
"""What of the tests' own environment the commands of another one must not get."""
PLUGIN = 'from dokkupy import hookimpl\nPLUGIN_API = "{api}"\n'
"""The module of a plugin that does nothing."""
SNIPPET = f"""{PLUGIN.format(api=">=1,<2")}
from dokkupy.types import Property, PropertyGroup

@hookimpl
def register_properties():
    text = Property(name="text", type=str, default="", help="Directives", takes_effect="now")
    return PropertyGroup(noun="snippet", properties=(text,))

@hookimpl
def nginx_render(platform, app):
    return platform.properties.get("snippet", app, "text") or None
"""
"""The module of a plugin that lets anything into an app's part of nginx's configuration."""
EXAMPLE = REPOSITORY / "examples" / "plugin-deploy-notes"


def uv() -> str:
    """Return the program that builds wheels and makes environments."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    assert found, "uv is needed to build wheels"
    return found


def build(project: Path, folder: Path) -> Path:
    """Build the wheel of a project into a folder of its own and return its path."""
    subprocess.run([uv(), "build", "-q", "--wheel", "--out-dir", folder, project], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def example(work: Path, version: str, header: str) -> Path:
    """Return the wheel of the example plugin as that version, which sends another header."""
    project = work / f"deploy-notes-{version}"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__"))
    described = project / "pyproject.toml"
    described.write_text(described.read_text().replace('"0.1.0"', f'"{version}"', 1))
    module = project / "dokkupy_deploy_notes" / "plugin.py"
    module.write_text(
        module.read_text().replace("add_header X-Deploy-Note", f"add_header {header}")
    )
    return build(project, work / f"wheel-{version}")


def wheel(
    folder: Path,
    name: str,
    files: Mapping[str, str],
    *,
    version: str = "1.0.0",
    needs: tuple[str, ...] = (),
    readme: str = "",
) -> Path:
    """Write the wheel of a plugin by hand: one that no author would let out."""
    distribution = f"dokkupy_plugin_{name.replace('-', '_')}"
    info = f"{distribution}-{version}.dist-info"
    package = f"dokkupy_{name.replace('-', '_')}"
    head = [f"Metadata-Version: 2.1\nName: dokkupy-plugin-{name}\nVersion: {version}"]
    head += [f"Requires-Dist: {need}" for need in needs]
    content = {f"{package}/__init__.py": '"""A plugin."""\n'}
    content |= {f"{package}/{path}": text for path, text in files.items()}
    content |= {
        f"{info}/METADATA": "\n".join(head) + f"\n\n{readme}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[dokkupy.plugins]\n{name} = {package}.plugin\n",
    }
    record = [
        f"{path},sha256={_digest(text)},{len(text.encode())}" for path, text in content.items()
    ]
    file = folder / f"{distribution}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for path, text in content.items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]) + "\n")
    return file


def library(name: str) -> bytes:
    """Return the wheel of a library, which a plugin may need."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "WORDS = ['hello']\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return content.getvalue()


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Log nothing."""


@contextmanager
def index(folder: Path) -> Iterator[str]:
    """Serve a folder as a package index on 127.0.0.1; give its URL."""
    (folder / "simple").mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


@dataclass(frozen=True, slots=True)
class Site(Root):
    """A root whose dokkupy lives in an environment of its own."""

    venv: Path
    index: Path
    url: str

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.venv / "bin" / "python")

    @property
    def environment(self) -> dict[str, str]:
        """What its commands get: this index, and nobody else's settings."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(FOREIGN) or key == "UV_CACHE_DIR"
        }
        own = {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"}
        path = os.pathsep.join([str(Path(uv()).parent), kept["PATH"]])
        return kept | own | {"PIP_INDEX_URL": self.url, "UV_DEFAULT_INDEX": self.url, "PATH": path}

    def cli(self, *words: str, stdin: bytes = b"", code: int | None = 0) -> Done:
        """Run one command of this dokkupy."""
        return self._run(self.environment, {}, words, stdin=stdin, code=code)

    def with_indexes(self, *words: str) -> Done:
        """Run one command that may build, with what this machine is set to build from."""
        foreign = ("DOKKUPY_", "PYTHON")
        given = {key: os.environ[key] for key in os.environ if not key.startswith(foreign)}
        return self._run(given | {"PATH": self.environment["PATH"]}, {}, words)

    def run_as(self, user: int, *words: str, code: int | None = 0) -> Done:
        """Run one command as a user without a home of his own."""
        who = {"user": user, "group": user, "extra_groups": []}
        return self._run(self.environment | {"HOME": "/nonexistent"}, who, words, code=code)

    def _run(
        self,
        environment: Mapping[str, str],
        who: Mapping[str, Any],
        words: Sequence[str],
        *,
        stdin: bytes = b"",
        code: int | None = 0,
    ) -> Done:
        done = subprocess.run(
            [self.python, "-P", "-m", "dokkupy", "--root", str(self.path), *words],
            input=stdin,
            capture_output=True,
            timeout=300,
            cwd="/",
            env=environment,
            check=False,
            **who,
        )
        result = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert code is None or result.code == code, f"{words}: {result}"
        return result

    def publish(self, *wheels: Path) -> None:
        """Put wheels on the index."""
        for file in wheels:
            name = re.sub("_", "-", file.name.partition("-")[0])
            (self.index / "simple" / name).mkdir(exist_ok=True)
            shutil.copy(file, self.index / "simple" / name)

    def pip(self, *words: str) -> None:
        """Change the environment behind dokkupy's back."""
        verb, *rest = words
        command = [uv(), "pip", verb, "-q", "--python", self.python, *rest]
        subprocess.run(command, env=self.environment, check=True)

    def installed(self) -> dict[str, str]:
        """Return path -> digest of every file in the environment but bytecode and locks."""
        return {
            str(path.relative_to(self.venv)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.venv.rglob("*")
            if path.is_file()
            and path.suffix != ".pyc"
            and path.name not in (".lock", ".dokkupy-lock")
        }

    def states(self) -> dict[str, dict[str, str]]:
        """Return name -> row of `plugin list`."""
        return {row["name"]: row for row in self.json("plugin", "list")}


def make_environment(folder: Path, kind: str, wheels: list[Path]) -> Path:
    """Make an environment with the core and the plugins beside it, and pip where that is asked."""
    venv = folder / "venv"
    subprocess.run([uv(), "venv", "-q", "--python", sys.executable, venv], check=True)
    core, *plugins = wheels
    wanted = [f"dokkupy[testing] @ {core.as_uri()}", *map(str, plugins)]
    wanted += ["pip"] if kind == "pip" else []
    python = venv / "bin" / "python"
    subprocess.run([uv(), "pip", "install", "-q", "--python", python, *wanted], check=True)
    return venv
