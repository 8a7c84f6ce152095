"""Images built on one root, pushed to a real registry, run on another that cannot build."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import EXAMPLES, Root, change, docker, make_root, remove_root
from .registry_server import SECRET, USER, Registry, serving

pytestmark = pytest.mark.engine

PROCFILE = "web: exec python app.py\nworker: exec sleep 1000\nrelease: echo the task ran\n"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with serving(tmp_path_factory.mktemp("registry")) as server:
        yield server


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Root]:
    """Give a second root, which has no builder."""
    made = make_root(tmp_path)
    for plugin in made.json("plugin", "list"):
        if plugin["name"].startswith("build") or plugin["name"] == "stack":
            made.cli("plugin", "disable", plugin["name"])
    yield made
    remove_root(made)


def built(root: Root) -> tuple[str, Path]:
    name, tree = root.create(), root.tree(EXAMPLES / "probe")
    change(tree, Procfile=PROCFILE)
    root.push(tree, name)
    return name, tree


def log_in(root: Root, registry: Registry) -> None:
    root.cli("registry", "login", registry.host, USER, stdin=f"{SECRET}\n".encode())


def test_an_image_pushed_by_one_root_runs_the_same_on_another_without_builders(
    root: Root, other: Root, registry: Registry
) -> None:
    name, tree = built(root)
    reference = f"{registry.host}/team/{name}:7"
    locked = root.cli("builds", "push", name, reference, code=5)
    assert f"dokkupy registry login {registry.host}" in locked.err
    log_in(root, registry)
    done = root.cli("builds", "push", name, reference)
    assert "pushed" in done.out
    assert reference in done.out
    with pytest.raises(Exception, match="non-zero"):
        docker("image", "inspect", reference)  # only the registry calls it so

    app = other.create()
    other.push(tree, app, code=1)
    refused = other.cli("deploy", app, "--image", reference, code=10)
    assert f"log in: dokkupy registry login {registry.host}" in refused.err
    log_in(other, registry)
    done = other.cli("deploy", app, "--image", reference)
    assert "the task ran" in done.out
    assert other.get(f"{app}.localhost").body == "version 1\n"
    other.cli("ps", "scale", app, "worker=1")
    assert _processes(other, app) == _processes(root, name)
    containers = docker("inspect", "--format={{.Config.Labels}}", *other.containers(app))
    assert "worker" in containers
    other.cli("registry", "logout", registry.host)
    root.cli("registry", "logout", registry.host)
    docker("rmi", "--force", reference)


def test_an_image_is_deployed_by_its_digest(root: Root, registry: Registry) -> None:
    name, _ = built(root)
    log_in(root, registry)
    reference = f"{registry.host}/{name}"
    sent = root.json("builds", "push", name, f"{reference}:1", "--build", "1")
    assert sent["build"] == 1
    app = root.create()
    root.cli("deploy", app, "--image", f"{reference}@{sent['digest']}")
    assert root.get(f"{app}.localhost").body == "version 1\n"
    root.cli("registry", "logout", registry.host)


def test_a_login_is_tried_kept_to_the_owner_and_never_shown(root: Root, registry: Registry) -> None:
    wrong = root.cli("registry", "login", registry.host, USER, stdin=b"wrong-81c\n", code=5)
    assert "wrong-81c" not in wrong.err
    assert root.json("registry", "list") == []
    root.cli("registry", "login", registry.host, USER, code=2)
    log_in(root, registry)
    file = root.path / "registries.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert root.json("registry", "list") == [{"host": registry.host, "user": USER}]
    for words in (("registry", "list"), ("events",), ("events", "--json")):
        assert SECRET not in root.cli(*words).out
    root.cli("registry", "logout", registry.host)
    assert SECRET not in file.read_text()
    root.cli("registry", "logout", registry.host, code=3)


def test_a_base_image_of_a_registry_is_fetched_with_the_login(
    root: Root, registry: Registry
) -> None:
    name, tree = built(root)
    log_in(root, registry)
    base = f"{registry.host}/base/{name}:1"
    root.cli("builds", "push", name, base)
    for text in (
        f"FROM {base}\nRUN true\n",
        f"FROM {base}\nRUN --mount=type=cache,target=/c true\n",
    ):
        change(tree, Dockerfile=text)
        app = root.create()
        root.push(tree, app)
        assert root.get(f"{app}.localhost").body == "version 1\n"
        root.cli("apps", "destroy", app, "--force")
        docker("image", "rm", "--force", base)
    root.cli("registry", "logout", registry.host)
    change(tree, Dockerfile=f"FROM {base}\nRUN echo again\n")
    done = root.push(tree, root.create(), code=1)
    assert f"dokkupy registry login {registry.host}" in done.err


def _processes(root: Root, app: str) -> dict[str, str]:
    number = root.json("releases", "list", app)[0]["number"]
    processes: dict[str, str] = root.json("releases", "show", app, str(number))["processes"]
    return processes
