"""ACCEPTANCE H 4: what `plugin new` writes is a plugin at once, from its wheel beside the core."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy.scaffold.writing import KINDS

from .conftest import REPOSITORY, free_port
from .site import Site, build, index, make_environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give an environment with the core alone."""
    core = build(REPOSITORY, tmp_path_factory.mktemp("core"))
    work = Path(tempfile.mkdtemp(prefix="dokkupy-site-"))
    work.chmod(0o755)
    venv = make_environment(work, "uv", [core])
    with index(work / "index") as url:
        site = Site(
            path=work / "root",
            port=free_port(),
            work=work,
            venv=venv,
            index=work / "index",
            url=url,
        )
        site.cli("init")
        yield site
    shutil.rmtree(work)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_is_installed_verified_and_passes_its_tests(bare: Site, kind: str) -> None:
    project = bare.work / kind
    made = bare.json("plugin", "new", f"my-{kind}", "--kind", kind, "--folder", str(project))
    assert made["folder"] == str(project)
    bare.cli("plugin", "new", f"my-{kind}", "--folder", str(project), code=4)

    done = bare.with_indexes("plugin", "install", str(build(project, bare.work / f"wheel-{kind}")))
    assert "Verified: " in done.out
    assert bare.states()[f"my-{kind}"]["state"] == "enabled"

    tests = subprocess.run(
        [bare.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", project / "tests"],
        cwd=project / "tests",
        env=bare.environment | {"PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout[-4000:] + tests.stderr[-1000:]
    bare.cli("plugin", "uninstall", f"my-{kind}")
