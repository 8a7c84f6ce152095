"""Roots without an engine, for tests of what needs none."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from dokkupy import git, jobs
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.store import Store

STUB_RUNNER = (
    f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r});"
    " from stub_work import main; main()"
)
"""What a runner's interpreter is told so that it does the jobs of `stub_work.py`."""


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """Make the folders of a root with an empty store."""
    paths = Paths(tmp_path / "root")
    paths.make()
    Store.create(paths.state_db)
    return paths


@pytest.fixture
def store(paths: Paths) -> Iterator[Store]:
    """Open the store of `paths` in the name of Ann."""
    store = Store(paths.state_db, actor="ann")
    yield store
    store.close()


@pytest.fixture
def stub_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the jobs of this process be those of `stub_work.py`."""
    monkeypatch.setattr(jobs, "RUNNER", STUB_RUNNER)


@pytest.fixture
def pushed_to(paths: Paths) -> Path:
    """Make the repository of the app `hello`, whose hook starts the jobs of `stub_work.py`."""
    repository = git.ensure_repo(paths, AppName("hello"))
    hook = repository / "hooks" / "proc-receive"
    stubbed = f"import dokkupy.jobs; dokkupy.jobs.RUNNER = {STUB_RUNNER!r}; {git.HOOK}"
    text = hook.read_text()
    assert git.HOOK in text
    hook.write_text(text.replace(git.HOOK, stubbed))
    return repository


class Site:
    """A folder of installed distributions, each with one plugin written for a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.packages: list[str] = []

    def install(
        self,
        name: str,
        plugin: str,
        *,
        api: str = ">=1,<2",
        version: str = "1.2.3",
        distribution: str = "",
        **modules: str,
    ) -> Path:
        """Write a plugin's package and metadata; return the package's folder.

        `plugin` is the text of its entry module below the usual head; `modules` are the texts of
        the other modules of the package.
        """
        package = f"probe_{name.replace('-', '_')}"
        self.packages.append(package)
        home = self.folder / package
        home.mkdir()
        head = f'from dokkupy import Help, hookimpl, operation\nPLUGIN_API = "{api}"\n'
        for module, text in {"__init__": "", "plugin": plugin, **modules}.items():
            body = dedent(text)
            (home / f"{module}.py").write_text(head + body if module == "plugin" else body)
        distribution = distribution or f"dokkupy-plugin-{name}"
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        (info / "entry_points.txt").write_text(f"[dokkupy.plugins]\n{name} = {package}.plugin\n")
        importlib.invalidate_caches()
        return home

    def forget(self) -> None:
        """Let the next import read the packages anew, as the next process would."""
        importlib.invalidate_caches()
        for name in list(sys.modules):
            if name.partition(".")[0] in self.packages:
                del sys.modules[name]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Give a folder on `sys.path` to install plugins into."""
    site = Site(tmp_path / "site")
    monkeypatch.syspath_prepend(str(site.folder))
    yield site
    site.forget()
