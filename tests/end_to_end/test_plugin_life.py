"""ACCEPTANCE H: a stranger's plugin comes, is renewed, rests and goes; nobody loses a request."""

from __future__ import annotations

import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dokkupy.testing.program import Program
from dokkupy.testing.traffic import Traffic, wait_for

from .conftest import PROBATION_SECONDS, REPOSITORY, free_port, git, remove_root
from .site import (
    BESIDE,
    EXAMPLE,
    PLUGIN,
    SNIPPET,
    Site,
    build,
    example,
    index,
    library,
    make_environment,
    wheel,
)

pytestmark = pytest.mark.slow

RATE = 200
"""New connections a second."""
GOOD = PLUGIN.format(api=">=1,<2") + "@hookimpl\ndef vhosts(platform, app):\n    return []\n"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Build the core and the plugins beside it, once."""
    folder = tmp_path_factory.mktemp("wheels")
    projects = [REPOSITORY, *(REPOSITORY / "plugins" / name for name in BESIDE)]
    return [build(project, folder / project.name) for project in projects]


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build two versions of the example plugin."""
    work = tmp_path_factory.mktemp("example")
    headers = {"0.1.0": "X-Deploy-Note", "0.2.0": "X-Deploy-Note-2"}
    return {version: example(work, version, header) for version, header in headers.items()}


each_installer = pytest.mark.parametrize("site", ["pip", "uv"], indirect=True, scope="module")
one_installer = pytest.mark.parametrize("site", ["uv"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, wheels: list[Path]) -> Iterator[Site]:
    """Give an environment with that installer, where every user may read."""
    work = Path(tempfile.mkdtemp(prefix="dokkupy-site-"))
    work.chmod(0o755)
    venv = make_environment(work, request.param, wheels)
    with index(work / "index") as url:
        made = Site(
            path=work / "root",
            port=free_port(),
            work=work,
            venv=venv,
            index=work / "index",
            url=url,
        )
        ports = ("--http-port", str(made.port), "--https-port", str(free_port()))
        made.cli("init", *ports, "--domain", "localhost")
        yield made
        remove_root(made)
    shutil.rmtree(work)


@pytest.fixture
def clean(site: Site) -> Iterator[Site]:
    """Take out afterwards every plugin that was not there before."""
    before = set(site.states())
    yield site
    for name in site.states().keys() - before:
        site.pip("uninstall", f"dokkupy-plugin-{name}")


@pytest.mark.engine
@each_installer
def test_a_plugin_comes_is_renewed_rests_and_goes_under_load(
    clean: Site, examples: dict[str, Path], test_image: str, tmp_path: Path
) -> None:
    site = clean
    site.cli("checks", "set", "--global", "probation", PROBATION_SECONDS)
    site.cli("up")
    try:
        site.cli("apps", "create", "blog")
        program = Program(listen="0.0.0.0", body="blog")
        (tmp_path / "Dockerfile").write_text(program.dockerfile(test_image))
        site.push(site.tree(tmp_path), "blog")
        _lead_a_life(site, examples)
    finally:
        site.cli("apps", "destroy", "blog", "--force", code=None)
        site.cli("down")


def _lead_a_life(site: Site, examples: dict[str, Path]) -> None:
    def headers() -> set[str]:
        found = site.get("blog.localhost").headers
        return {name for name in found if name.lower().startswith("x-deploy-note")}

    with Traffic(site.port, "blog.localhost", rate=RATE, threads=8) as traffic:
        wait_for(traffic.tally, RATE)
        site.publish(examples["0.1.0"])
        done = site.cli("plugin", "install", "deploy-notes")
        assert "deploy-notes 0.1.0 is installed and takes part" in done.out
        assert "Verified: " in done.out
        assert site.states()["deploy-notes"]["state"] == "enabled"
        site.cli("deploy-notes", "set", "blog", "note", "summer sale")
        assert headers() == {"X-Deploy-Note"}

        site.publish(examples["0.2.0"])
        same = site.json("plugin", "install", "deploy-notes")
        assert (same["version"], same["before"]) == ("0.1.0", "0.1.0")
        done = site.cli("plugin", "install", "--upgrade", "deploy-notes")
        assert "deploy-notes 0.2.0 is installed in place of 0.1.0" in done.out
        assert headers() == {"X-Deploy-Note-2"}

        site.cli("plugin", "disable", "deploy-notes")
        assert headers() == set()
        assert "plugin enable" in site.cli("deploy-notes", "list", "blog", code=14).err
        site.cli("plugin", "enable", "deploy-notes")
        assert headers() == {"X-Deploy-Note-2"}

        site.cli("plugin", "uninstall", "deploy-notes")
        assert headers() == set()
        site.cli("deploy-notes", "list", "blog", code=2)
        assert "deploy-notes" not in site.states()
        assert "deploy-notes" not in site.cli("--help").out
        wait_for(traffic.tally, RATE)
    assert traffic.tally.failed == []
    assert traffic.tally.answered > 10 * RATE
    # What it kept counts again once it is back; purged, it does not.
    site.cli("plugin", "install", "deploy-notes==0.1.0", "--unverified")
    assert headers() == {"X-Deploy-Note"}
    site.cli("plugin", "uninstall", "deploy-notes", "--purge")
    site.cli("plugin", "install", "deploy-notes==0.1.0", "--unverified")
    assert headers() == set()
    verbs = [event["verb"] for event in site.json("events")]
    assert verbs.count("plugin.installed") == 4
    assert verbs.count("plugin.uninstalled") == 2


@one_installer
def test_a_plugin_is_held_to_its_contract_capability_by_capability(
    clean: Site, tmp_path: Path
) -> None:
    mute = wheel(tmp_path, "mute", {"plugin.py": GOOD}, readme="It says nothing.")
    before = clean.installed()
    done = clean.cli("plugin", "install", str(mute), code=5)
    assert "1 of" in done.err
    assert "plugin.readme-names-every-hook" in done.err
    assert "--unverified" in done.err
    assert clean.installed() == before

    clean.cli("plugin", "install", str(mute), "--unverified")
    found = clean.cli("plugin", "verify", "mute", "--json", code=14)
    outcomes = [line for line in found.out.splitlines() if '"outcome"' in line]
    assert sum('"failed"' in line for line in outcomes) == 1
    assert sum('"passed"' in line for line in outcomes) > 10
    told = {"plugin.py": GOOD}
    better = wheel(tmp_path, "mute", told, version="1.1.0", readme="It implements `vhosts`.")
    clean.cli("plugin", "install", str(better))
    assert clean.cli("plugin", "verify", "mute").out.count("passed  plugin.") > 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """A version that cannot take part, and what is said of it."""

    plugin: str = GOOD
    needs: tuple[str, ...] = ()
    operations: str = ""
    reason: str


TAKES_A_COMMAND = (
    GOOD
    + "@hookimpl\ndef register_operations():\n    return {'domains': 'dokkupy_bad.operations'}\n"
)
ADD = "from dokkupy import operation\n@operation(summary='x')\ndef add(platform):\n    'Add.'\n"
MISFITS = {
    "import": Misfit(plugin="PLUGIN_API = '>=1'\n1 / 0\n", reason="ZeroDivisionError"),
    "api": Misfit(plugin=PLUGIN.format(api=">=7"), reason="made for plugin API >=7"),
    "core": Misfit(needs=("dokkupy>=99",), reason="needs dokkupy>=99, and 0.1.0 is installed"),
    "library": Misfit(needs=("packaging<1",), reason="needs packaging<1"),
    "plugin": Misfit(needs=("dokkupy-plugin-ghost",), reason="dokkupy plugin install ghost"),
    "clash": Misfit(plugin=TAKES_A_COMMAND, operations=ADD, reason="domains add"),
}


@one_installer
def test_what_does_not_fit_is_refused_and_the_version_of_before_stays(
    clean: Site, tmp_path: Path
) -> None:
    good = wheel(tmp_path, "bad", {"plugin.py": GOOD}, version="0.1.0")
    clean.cli("plugin", "install", str(good), "--unverified")
    before = clean.installed()
    for name, misfit in MISFITS.items():
        files = {"plugin.py": misfit.plugin, "operations.py": misfit.operations}
        next_one = wheel(tmp_path, "bad", files, version="0.2.0", needs=misfit.needs)
        done = clean.cli("plugin", "install", str(next_one), "--unverified", code=5)
        assert misfit.reason in done.err, name
        assert clean.installed() == before, name
    row = clean.states()["bad"]
    assert (row["version"], row["state"]) == ("0.1.0", "enabled")


@one_installer
def test_a_dependency_that_is_not_there_comes_and_nothing_else_changes(
    clean: Site, tmp_path: Path
) -> None:
    file = tmp_path / "greeting_words-1.0-py3-none-any.whl"
    file.write_bytes(library("greeting_words"))
    clean.publish(file)
    plugin = wheel(tmp_path, "wordy", {"plugin.py": GOOD}, needs=("greeting-words", "packaging"))
    before = clean.installed()
    clean.cli("plugin", "install", str(plugin), "--unverified")
    after = clean.installed()
    assert {path: after[path] for path in before} == before
    assert any("greeting_words" in path for path in after)
    clean.pip("uninstall", "greeting-words")


@one_installer
def test_plugins_that_were_broken_behind_its_back_are_named_and_stop_nobody(
    clean: Site, tmp_path: Path
) -> None:
    good = PLUGIN.format(api=">=1,<2")
    raising = "@hookimpl\ndef env_compile(platform, app, phase):\n    raise RuntimeError('oh')\n"
    broken = {
        "at-import": "PLUGIN_API = '>=1,<2'\nimport nowhere_at_all\n",
        "of-tomorrow": PLUGIN.format(api=">=2,<3"),
        "raising": good + raising,
    }
    files = [wheel(tmp_path, name, {"plugin.py": text}) for name, text in broken.items()]
    clean.pip("install", "--no-deps", "--no-index", *map(str, files))
    rows = clean.states()
    assert rows["at-import"]["state"] == "broken"
    assert "No module named 'nowhere_at_all'" in rows["at-import"]["reason"]
    assert rows["of-tomorrow"]["state"] == "incompatible"
    assert ">=2,<3" in rows["of-tomorrow"]["reason"]
    for name in ("at-import", "of-tomorrow"):
        assert f"dokkupy plugin disable {name}" in rows[name]["reason"]
    # Everything else works, and says what is left out.
    done = clean.cli("apps", "create", "shop")
    assert "dokkupy-plugin-at-import 1.0.0" in done.err
    done = clean.cli("config", "explain", "shop", "PORT", code=None)
    assert done.code == 14
    assert "raising (dokkupy-plugin-raising 1.0.0), hook env_compile" in done.err
    assert "dokkupy plugin disable raising" in done.err
    # The remedy that it prints is one.
    for name in broken:
        clean.cli("plugin", "disable", name)
    assert clean.cli("apps", "list").err == ""
    clean.cli("apps", "destroy", "shop", "--force")
    for name in broken:
        clean.cli("plugin", "enable", name)
        clean.cli("plugin", "uninstall", name)


@one_installer
def test_directives_that_nginx_refuses_change_nothing_and_no_other_app(
    clean: Site, tmp_path: Path
) -> None:
    clean.pip(
        "install",
        "--no-deps",
        "--no-index",
        str(wheel(tmp_path, "snippet", {"plugin.py": SNIPPET})),
    )
    try:
        clean.cli("up")
        for app in ("one", "two"):
            clean.cli("apps", "create", app)
            clean.cli("snippet", "set", app, "text", f"add_header X-Whose {app} always;")

        def whose(app: str) -> str | None:
            return clean.get(f"{app}.localhost").headers.get("X-Whose")

        for broken in ("no_such_word on;", "} server { listen 1;", "{", "add_header X-Whose"):
            refused = clean.cli("snippet", "set", "one", "text", broken, code=13)
            assert "nginx refuses the configuration of one: " in refused.err
            assert "of what the plugin snippet adds" in refused.err
            assert (whose("one"), whose("two")) == ("one", "two")
        assert (
            clean.json("snippet", "report", "one")[0]["value"] == "add_header X-Whose one always;"
        )

        clean.cli("apps", "create", "three")
        refused = clean.cli("snippet", "set", "--global", "text", "no_such_word on;", code=13)
        assert 'three: unknown directive "no_such_word"' in refused.err
        assert clean.json("snippet", "report", "three")[0]["value"] == ""
        assert (whose("one"), whose("two")) == ("one", "two")
        assert clean.get("three.localhost").status == 404
    finally:
        for app in ("one", "two", "three"):
            clean.cli("apps", "destroy", app, "--force", code=None)
        clean.cli("down")


@contextmanager
def others_at_work(site: Site) -> Iterator[list[int]]:
    """Let somebody list apps and plugins all the while; collect the exit codes."""
    codes: list[int] = []
    stop = threading.Event()

    def work() -> None:
        while not codes or not stop.wait(0.2):  # seconds that leave the installer some room
            codes.extend(site.cli(noun, "list", code=None).code for noun in ("apps", "plugin"))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield codes
    finally:
        stop.set()
        thread.join()


@each_installer
def test_a_wheel_a_folder_and_a_repository_will_do(clean: Site, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(EXAMPLE, repository, ignore=shutil.ignore_patterns("__pycache__"))
    git(repository, "init", "--quiet", "--initial-branch=main")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "first")
    git(repository, "tag", "v1")
    # What builds it must come from somewhere: this machine's settings say where.
    for what in (f"git+file://{repository}@v1", str(repository)):
        with others_at_work(clean) as codes:
            done = clean.with_indexes("plugin", "install", what, "--unverified")
            assert "deploy-notes 0.1.0 is installed" in done.out
            clean.cli("plugin", "uninstall", "deploy-notes")
        assert set(codes) == {0}
    clean.cli("plugin", "install", str(build(repository, tmp_path / "wheel")), "--unverified")
    assert clean.states()["deploy-notes"]["version"] == "0.1.0"


@each_installer
def test_a_change_that_was_cut_short_is_undone_by_the_next(clean: Site, tmp_path: Path) -> None:
    good = wheel(tmp_path, "torn", {"plugin.py": GOOD})
    clean.cli("plugin", "install", str(good), "--unverified")
    before = clean.installed()
    program = (
        "import os, sys\nfrom pathlib import Path\n"
        "from dokkupy.installing.environment import Environment\n"
        "from dokkupy.installing.swap import Backup\n"
        "there = Environment.here(Path('/nowhere'))\n"
        "Backup.keep(there.prefix, there.modules, ['dokkupy-plugin-torn'])\n"
        "(there.modules / 'dokkupy_torn' / 'plugin.py').unlink()\n"
        "os._exit(9)\n"
    )
    subprocess.run([clean.python, "-P", "-c", program], check=False)
    assert clean.states()["torn"]["state"] == "broken"
    done = clean.cli("plugin", "install", "torn")
    assert "Undid a change of plugins that was cut short" in done.err
    assert clean.states()["torn"]["state"] == "enabled"
    assert clean.installed() == before


@one_installer
def test_the_environments_owner_installs_for_the_owner_of_the_root(
    clean: Site, tmp_path: Path
) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    site = replace(clean, path=clean.work / "theirs")
    site.cli("init")

    def strangers() -> list[Path]:
        return [path for path in (site.path, *site.path.rglob("*")) if path.stat().st_uid != nobody]

    for path in strangers():
        shutil.chown(path, nobody, nobody)
    file = wheel(site.work, "their", {"plugin.py": GOOD})
    done = site.run_as(nobody, "plugin", "install", str(file), "--unverified", code=5)
    assert f"sudo {site.venv}/bin/dokkupy --root {site.path} plugin install" in done.err
    site.cli("plugin", "install", str(file), "--unverified")
    assert site.states()["their"]["state"] == "enabled"
    site.cli("plugin", "uninstall", "their")
    assert {event["verb"] for event in site.json("events")} >= {"plugin.installed"}
    assert strangers() == []
