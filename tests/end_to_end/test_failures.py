"""ACCEPTANCE D 2-4: a deploy that fails says why, and only the old version serves."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from dokkupy.executable import architecture

from .conftest import BROKEN, EXAMPLES, Done, Root, docker

pytestmark = pytest.mark.engine

AT_ONCE = 4
"""Pushes side by side: most of their time they wait."""
FOREIGN_IMAGE = "dokkupy-test/foreign:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A broken app and what its push must say."""

    name: str
    wrong: str
    says: str
    fix: str
    log: str = ""
    app: str = ""
    config: tuple[str, ...] = ()
    scale: tuple[str, ...] = ()
    first: bool = False
    """Nothing serves before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a push came to, and what there was before and after."""

    push: Done
    failed_log: str
    diagnosis: Mapping[str, Any]
    page: str
    page_before: str
    containers: set[str]
    containers_before: set[str]
    states: list[str]


def cases() -> list[Case]:
    """Return the table of verdicts."""
    table = tomllib.loads((BROKEN / "verdicts.toml").read_text())
    return [Case(name=name, **row) for name, row in table.items()]


def healthy() -> list[str]:
    """Return the names of the apps that are well."""
    return sorted(folder.name for folder in (BROKEN / "healthy").iterdir())


def chosen(request: pytest.FixtureRequest, parameter: str) -> list[Any]:
    """Return the values of a parameter with which this run will test."""
    specs = (getattr(item, "callspec", None) for item in request.session.items)
    return list({s.id: s.params[parameter] for s in specs if s and parameter in s.params}.values())


@pytest.fixture(scope="module")
def foreign_image() -> Iterator[None]:
    """Have an image for another processor, as one that was built elsewhere."""
    subprocess.run(["docker", "load"], input=_image_for_arm(), check=True, capture_output=True)
    yield
    docker("image", "rm", FOREIGN_IMAGE)


@pytest.fixture(scope="module")
def origin(root: Root) -> str:
    """Have the good version that broken ones are pushed over."""
    name, _ = root.deployed(EXAMPLES / "probe")
    return name


@pytest.fixture(scope="module")
def outcomes(
    root: Root,
    origin: str,
    foreign_image: None,
    request: pytest.FixtureRequest,
) -> Iterator[Mapping[str, Future[Outcome]]]:
    """Push every broken app that is asked for, some at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wanted = {case.name for case in chosen(request, "case")} | {"build-fails", "crash-at-start"}
        yield {
            case.name: pool.submit(_push_broken, root, origin, case)
            for case in cases()
            if case.name in wanted
        }


@pytest.fixture(scope="module")
def well(root: Root, request: pytest.FixtureRequest) -> Iterator[Mapping[str, Future[list[Done]]]]:
    """Push every healthy app that is asked for, and look at it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(_push_healthy, root, name) for name in chosen(request, "good")}


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_push_fails_with_the_verdict_and_the_old_version_serves(
    outcomes: Mapping[str, Future[Outcome]], case: Case
) -> None:
    got = outcomes[case.name].result()
    said = got.push.err
    assert got.push.code == 1
    assert case.says in said, said
    assert case.log in said, said
    assert case.fix in said, said
    assert got.page == got.page_before
    assert got.containers == got.containers_before
    assert got.states.count("live") == (0 if case.first else 1)

    [finding] = got.diagnosis["findings"]
    assert case.says in finding["cause"]
    assert case.fix in finding["fix"]
    assert not got.diagnosis["healthy"]


def test_what_a_failing_step_printed_is_shown_once_and_last(
    outcomes: Mapping[str, Future[Outcome]],
) -> None:
    said = outcomes["build-fails"].result().push.err
    lines = [line.removeprefix("remote:").strip() for line in said.splitlines()]
    assert lines.count("widget.c:3: no such header") == 1, said
    after = [line for line in lines[lines.index("compiling") :] if not line.startswith("widget")]
    assert "The build failed at step 4" in after[1], said


def test_what_a_failed_container_printed_can_be_read_later(
    outcomes: Mapping[str, Future[Outcome]],
) -> None:
    assert "no settings, giving up" in outcomes["crash-at-start"].result().failed_log


@pytest.mark.parametrize("good", healthy())
def test_an_app_that_is_well_is_called_so(
    well: Mapping[str, Future[list[Done]]], good: str
) -> None:
    push, diagnosis = well[good].result()
    assert push.code == 0, push
    assert diagnosis.code == 0, diagnosis
    assert diagnosis.out.count("\n") == 1
    assert "is healthy" in diagnosis.out


def _push_broken(root: Root, origin: str, case: Case) -> Outcome:
    app = f"bad-{case.name}"
    if case.first:
        root.create(app)
    else:
        root.cli("apps", "clone", origin, app)
    if case.config:
        root.cli("config", "set", app, *case.config)
    if case.scale:
        root.cli("ps", "scale", app, *case.scale)
    if case.name == "crash-later":
        root.cli("checks", "set", app, "probation", "5")
    before, containers = root.get(f"{app}.localhost").body, set(root.containers(app))
    push = root.push(root.tree(BROKEN / (case.app or case.name)), app, code=None)
    outcome = Outcome(
        push=push,
        failed_log=root.cli("logs", app, "--failed").out if case.log else "",
        diagnosis=root.cli("diagnose", app, "--json", code=1).json,
        page=root.get(f"{app}.localhost").body,
        page_before=before,
        containers=set(root.containers(app)),
        containers_before=containers,
        states=[row["state"] for row in root.json("releases", "list", app)],
    )
    root.cli("apps", "destroy", app, "--force")
    return outcome


def _push_healthy(root: Root, name: str) -> list[Done]:
    app = root.create(f"good-{name.replace('.', '-')}")
    if name in ("several-processes", "worker-alone"):
        root.cli("ps", "scale", app, "worker=1")
    push = root.push(root.tree(BROKEN / "healthy" / name), app, code=None)
    diagnosis = root.cli("diagnose", app, code=None)
    root.cli("apps", "destroy", app, "--force")
    return [push, diagnosis]


def _image_for_arm() -> bytes:
    """Return an image archive with one program, as an engine saves it."""
    assert architecture() != "arm64", "another processor is needed here"
    program = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + b"\x02\x00\xb7\x00\x01\x00\x00\x00"
    layer = _tar({"serve": (program, 0o755)})
    config = json.dumps(
        {
            "architecture": "arm64",
            "os": "linux",
            "config": {},
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"],
            },
        }
    ).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [FOREIGN_IMAGE], "Layers": ["layer.tar"]}]
    return _tar(
        {
            name: (config, 0o644),
            "layer.tar": (layer, 0o644),
            "manifest.json": (json.dumps(manifest).encode(), 0o644),
        }
    )


def _tar(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, (content, mode) in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()
