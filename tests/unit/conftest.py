"""Roots without an engine, for tests of what needs none."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from dokkupy import authorized_keys, check, git, jobs
from dokkupy.hooks import Hooks
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.platform import Platform
from dokkupy.store import Store

from .asked import Asked
from .shop import Shop

if TYPE_CHECKING:
    from dokkupy.testing.engine_fake import FakeEngine
    from dokkupy.testing.proxy_fake import FakeProxy

# How long an example takes says more of the machine than of the code.
settings.register_profile("patient", deadline=None, max_examples=50)
settings.load_profile("patient")

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
    """Make the repository of the app `hello`; pushes to it start the jobs of `stub_work.py`."""
    repository = git.ensure_repo(paths, AppName("hello"))
    entries = [(repository / "hooks" / "proc-receive", git.HOOK)]
    entries += [(script, authorized_keys.ENTRY) for script in paths.ssh.glob("entry")]
    for script, statement in entries:
        text = script.read_text()
        assert statement in text
        stub = f"import dokkupy.jobs; dokkupy.jobs.RUNNER = {STUB_RUNNER!r}; "
        script.write_text(text.replace(statement, stub + statement))
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


@pytest.fixture
def hooks_of(paths: Paths) -> Iterator[Callable[..., Hooks]]:
    """Give the hooks as the plugins of some names implement them."""
    platform = Platform(paths.root)

    def only(*names: str) -> Hooks:
        return Hooks(platform, names)

    yield only
    platform.close()


@pytest.fixture
def shop(
    platform: Platform,
    fake_engine: FakeEngine,
    fake_proxy: FakeProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shop]:
    """Make the app `shop` on a platform of fakes."""
    monkeypatch.setattr(check, "LOOK_EVERY_SECONDS", 0.02)
    with pytest.MonkeyPatch.context() as muted:
        yield Shop(platform, fake_engine, fake_proxy, monkeypatch, muted)


@pytest.fixture
def ask(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Give the operations on a platform of fakes."""
    asked = Asked(platform)
    monkeypatch.setattr(jobs, "run", asked.run_job)
    return asked
