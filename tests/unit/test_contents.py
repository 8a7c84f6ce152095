"""What a release is made of: Procfile before builder before image, checks beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from dokkupy import contents, declared
from dokkupy.contents import Contents
from dokkupy.engine import ImageInfo
from dokkupy.errors import BuildFailed, UsageError
from dokkupy.names import AppName, ProcessName
from dokkupy.types import Build, Check, Environment, ProcessType, Release, Source

SHOP = AppName("shop")
WEB, WORKER = ProcessName("web"), ProcessName("worker")


def image(
    *, command: tuple[str, ...] = ("run",), entrypoint: tuple[str, ...] = (), ports: object = ()
) -> ImageInfo:
    assert isinstance(ports, tuple)
    return ImageInfo(
        id="sha256:1",
        tags=(),
        labels={},
        entrypoint=entrypoint,
        command=command,
        exposed_ports=ports,
        env_keys=(),
        architecture="amd64",
        size=1,
    )


def made_of(
    tree: Path,
    procfile: str | None = None,
    *,
    known: Mapping[str, str] | None = None,
    info: ImageInfo | None = None,
) -> Contents:
    if procfile is not None:
        (tree / "Procfile").write_text(procfile)
    source = Source(app=SHOP, path=tree, revision="1" * 40, origin="push of main")
    build = Build(app=SHOP, builder="dockerfile", image="sha256:1", processes=known or {})
    return contents.of_build(source, build, info or image(), declared.read(tree))


def shell(line: str) -> tuple[str, ...]:
    return ("sh", "-c", line)


def test_a_source_without_a_procfile_runs_the_images_command_as_web(tmp_path: Path) -> None:
    assert made_of(tmp_path) == Contents(
        image="sha256:1",
        revision="1" * 40,
        builder="dockerfile",
        processes=(ProcessType(name=WEB, command=(), port=5000),),
        release_task=(),
    )


def test_an_entrypoint_alone_says_what_to_run(tmp_path: Path) -> None:
    found = made_of(tmp_path, info=image(command=(), entrypoint=("serve",)))
    assert [process.name for process in found.processes] == ["web"]


def test_an_image_without_a_command_needs_a_procfile(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="Neither a Procfile nor the image") as error:
        made_of(tmp_path, info=image(command=()))
    assert "Procfile" in error.value.hint
    assert made_of(tmp_path, "web: run", info=image(command=())).processes[0].name == "web"


def test_a_procfile_wins_over_what_the_builder_and_the_image_know(tmp_path: Path) -> None:
    found = made_of(tmp_path, "web: mine\nworker: too", known={"web": "its", "clock": "its"})
    assert [(p.name, p.command, p.port) for p in found.processes] == [
        ("web", shell("mine"), 5000),
        ("worker", shell("too"), None),
    ]


def test_what_the_builder_knows_wins_over_the_image(tmp_path: Path) -> None:
    found = made_of(tmp_path, known={"web": "its", "release": "migrate"})
    assert [(p.name, p.command) for p in found.processes] == [("web", shell("its"))]
    assert found.release_task == shell("migrate")


def test_a_procfile_of_a_release_line_alone_leaves_the_image_its_command(tmp_path: Path) -> None:
    found = made_of(tmp_path, "release: migrate\n")
    assert found.processes == (ProcessType(name=WEB, command=(), port=5000),)
    assert found.release_task == shell("migrate")


def test_a_procfile_of_a_release_line_alone_leaves_the_builder_its_processes(
    tmp_path: Path,
) -> None:
    found = made_of(tmp_path, "release: mine\n", known={"web": "its", "release": "its"})
    assert [(p.name, p.command) for p in found.processes] == [("web", shell("its"))]
    assert found.release_task == shell("mine")


def test_a_procfile_of_a_release_line_alone_does_not_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed):
        made_of(tmp_path, "release: migrate\n", info=image(command=()))


def test_a_procfile_without_web_has_nothing_that_answers(tmp_path: Path) -> None:
    found = made_of(tmp_path, "worker: work")
    assert [(p.name, p.port) for p in found.processes] == [("worker", None)]


@pytest.mark.parametrize("procfile", ["", "release: mine\n", "worker: work\n"])
def test_what_the_builder_knows_travels_with_the_image(tmp_path: Path, procfile: str) -> None:
    known = {"web": "its", "release": "its", "test": "its"}
    here = made_of(tmp_path, procfile, known=known)
    labels = {declared.LABEL: declared.to_label(declared.read(tmp_path)), "other": "1"}
    carried = declared.with_defaults(labels, known)
    there = contents.of_image(replace(image(entrypoint=("launch",)), labels=carried))
    assert (there.processes, there.release_task) == (here.processes, here.release_task)
    assert carried["other"] == "1"
    assert declared.with_defaults({"other": "1"}, known) == {"other": "1"}


def test_a_builders_hostile_process_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        made_of(tmp_path, known={"../web": "its"})


def test_each_process_has_the_check_that_is_written_for_it(tmp_path: Path) -> None:
    document = {"healthchecks": {"worker": [{"settle": 9}]}}
    (tmp_path / "app.json").write_text(json.dumps(document))
    found = made_of(tmp_path, "web: a\nworker: b")
    assert [p.check for p in found.processes] == [Check(), Check(settle=9.0)]


def test_a_check_of_a_process_that_there_is_not_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app.json").write_text(json.dumps({"healthchecks": {"wbe": [{"path": "/x"}]}}))
    with pytest.raises(UsageError, match="the process 'wbe', which there is not") as error:
        made_of(tmp_path, "web: a\nworker: b")
    assert error.value.hint == "Name one that there is (web, worker), or remove the check."


@pytest.mark.parametrize(("ports", "port"), [((), 5000), ((3000,), 3000), ((80, 443), 5000)])
def test_the_one_port_that_an_image_exposes_is_webs(
    tmp_path: Path, ports: tuple[int, ...], port: int
) -> None:
    assert made_of(tmp_path, "web: a", info=image(ports=ports)).processes[0].port == port


PROCESSES = (ProcessType(name=WEB, port=3000), ProcessType(name=WORKER))


def test_config_decides_the_port_of_what_has_one() -> None:
    found = contents.with_port(PROCESSES, Environment(PORT="8080"))
    assert [process.port for process in found] == [8080, None]
    assert contents.with_port(PROCESSES, Environment()) == PROCESSES


@pytest.mark.parametrize("port", ["1", "80", "65535", "08080"])
def test_a_number_of_a_port_is_a_port(port: str) -> None:
    assert contents.with_port(PROCESSES, Environment(PORT=port))[0].port == int(port)


@pytest.mark.parametrize(
    "port",
    ["", "0", "65536", "-1", "http", "80 ", "8e1", "\N{SUPERSCRIPT TWO}", "9" * 5000, "0000018000"],
)
def test_what_is_no_port_is_refused_and_shown_short(port: str) -> None:
    with pytest.raises(UsageError, match="PORT is set to") as error:
        contents.with_port(PROCESSES, Environment(PORT=port))
    assert len(error.value.message) < 100


def test_what_a_release_was_made_of_has_the_images_port_again() -> None:
    release = Release(
        app=SHOP,
        number=1,
        image="sha256:1",
        revision="1" * 40,
        builder="dockerfile",
        processes=contents.with_port(PROCESSES, Environment(PORT="8080")),
        env=Environment(PORT="8080"),
        config=Environment(PORT="8080"),
        release_task=shell("migrate"),
        description="",
        actor="",
        created_at=0.0,
    )
    assert contents.of_release(release, image(ports=(3000,))) == Contents(
        image="sha256:1",
        revision="1" * 40,
        builder="dockerfile",
        processes=PROCESSES,
        release_task=shell("migrate"),
    )
