from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy.engine import ImageBuild
from dokkupy.engine_docker import buildkit
from dokkupy.engine_docker.buildkit import build_command, build_with_buildkit, find_client
from dokkupy.engine_docker.client import Client
from dokkupy.errors import BuildFailed, EngineError, ImageNotFound, UsageError
from dokkupy.testing.patience import eventually

ENGINE = Path("/run/engine.sock")
SECRET = "contract-secret-91"


@pytest.fixture(autouse=True)
def no_real_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Let only the clients of a test be found."""
    monkeypatch.setattr(buildkit, "_PLUGIN_DIRECTORIES", ())
    monkeypatch.setattr(buildkit, "_FIRST_LOOK", ())
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'a'}:{tmp_path / 'b'}")
    find_client.cache_clear()
    yield
    find_client.cache_clear()


def client(folder: Path, *lines: str, version: str = "20.10.24") -> Path:
    folder.mkdir()
    path = folder / "docker"
    script = "\n".join(lines)
    path.write_text(
        f'#!/bin/sh\nPATH=/usr/bin:/bin\n[ "$1" = --version ] && '
        f'echo "Docker version {version}, build x" && exit\n{script}\n'
    )
    path.chmod(0o755)
    return path


def build(context: Path, **secrets: str) -> ImageBuild:
    return ImageBuild(
        context=context,
        dockerfile="deploy/Dockerfile",
        args={"B": "2", "A": "one two"},
        labels={"dokkupy.app": "hello"},
        memory=1,
        cpu_shares=2,
        secrets=secrets,
    )


def test_whole_command() -> None:
    command = build_command(
        "/usr/bin/docker",
        build(Path("/src"), TOKEN=SECRET),
        iid_file=Path("/tmp/iid"),
        secrets={"TOKEN": Path("/tmp/secret-0")},
    )
    assert command == [
        "/usr/bin/docker",
        "build",
        "--progress=plain",
        "--iidfile=/tmp/iid",
        "--file=/src/deploy/Dockerfile",
        "--build-arg=A=one two",
        "--build-arg=B=2",
        "--label=dokkupy.app=hello",
        "--secret=id=TOKEN,src=/tmp/secret-0",
        "--",
        "/src",
    ]


def test_client_with_buildkit_of_its_own_is_found(tmp_path: Path) -> None:
    client(tmp_path / "a", version="28.2.2")
    mine = client(tmp_path / "b", version="20.10.24+dfsg1")
    assert find_client() == str(mine)


def test_newer_client_counts_with_its_plugin(tmp_path: Path) -> None:
    mine = client(tmp_path / "a", version="28.2.2")
    plugins = tmp_path / "config" / "cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-buildx").touch()
    assert find_client() == str(mine)


def test_host_without_such_a_client_is_told_what_to_install(tmp_path: Path) -> None:
    client(tmp_path / "a", version="28.2.2")
    with pytest.raises(EngineError, match="BuildKit") as caught:
        build_with_buildkit(Client(ENGINE), build(tmp_path), print)
    assert "apt-get install" in caught.value.hint


def test_secret_travels_in_a_file_that_no_death_leaves_on_a_disk(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    client(
        tmp_path / "a",
        f'echo "$@" > {shlex.quote(str(seen))}.argv; env > {shlex.quote(str(seen))}.env',
        'for word; do case $word in --iidfile=*) echo sha256:1 > "${word#*=}";; '
        "--secret=*) file=${word#*src=}; esac; done",
        f'cat "$file" > {shlex.quote(str(seen))}.secret',
        f'stat --dereference --format=%h "$file" > {shlex.quote(str(seen))}.links',
    )
    assert (
        build_with_buildkit(Client(ENGINE), build(tmp_path, TOKEN=f"{SECRET}\nline"), print)
        == "sha256:1"
    )
    assert seen.with_suffix(".secret").read_text() == f"{SECRET}\nline"
    assert seen.with_suffix(".links").read_text() == "0\n"
    assert SECRET not in seen.with_suffix(".argv").read_text()
    environment = seen.with_suffix(".env").read_text()
    assert SECRET not in environment
    assert "DOCKER_BUILDKIT=1" in environment
    assert f"DOCKER_HOST=unix://{ENGINE}" in environment


@pytest.mark.parametrize("name", ["a,src=/etc/shadow", "", "a b", "ü"])
def test_hostile_secret_name_is_refused(tmp_path: Path, name: str) -> None:
    client(tmp_path / "a")
    with pytest.raises(UsageError):
        build_with_buildkit(Client(ENGINE), build(tmp_path, **{name: "x"}), print)


def test_output_is_told_without_the_noise(tmp_path: Path) -> None:
    client(
        tmp_path / "a",
        "cat <<'END'",
        "#1 [internal] load build definition from Dockerfile",
        f"#1 sha256:{'0' * 64}",
        "#1 transferring dockerfile: 31B done",
        "#1 DONE 0.0s",
        "",
        "#5 [2/3] RUN make",
        "#5 0.312 compiling",
        "#5 DONE 0.4s",
        "#6 [3/3] COPY . /app",
        "#6 CACHED",
        "END",
        'for word; do case $word in --iidfile=*) echo sha256:1 > "${word#*=}"; esac; done',
    )
    told: list[str] = []
    build_with_buildkit(Client(ENGINE), build(tmp_path), told.append)
    assert told == [
        "#5 [2/3] RUN make",
        "#5 0.312 compiling",
        "#6 [3/3] COPY . /app",
        "#6 CACHED",
    ]


def test_failing_step_is_the_last_thing_told(tmp_path: Path) -> None:
    client(
        tmp_path / "a",
        "echo '#5 [2/3] RUN make'; echo '#5 0.1 no such header'",
        "echo '#5 ERROR: executor failed running [/bin/sh -c make]: exit code: 2'",
        "echo 'executor failed running [/bin/sh -c make]: exit code: 2' >&2; exit 1",
    )
    told: list[str] = []
    with pytest.raises(BuildFailed, match="exit code: 2") as caught:
        build_with_buildkit(Client(ENGINE), build(tmp_path), told.append)
    assert "no such header" in caught.value.detail
    assert told[-1] == caught.value.message


def test_missing_base_is_named_as_a_person_would_write_it(tmp_path: Path) -> None:
    client(
        tmp_path / "a",
        "echo '#3 [internal] load metadata for docker.io/library/nosuch:1'",
        "echo '#3 ERROR: dial tcp: lookup registry.example: no such host'",
        "echo 'failed to solve' >&2; exit 1",
    )
    with pytest.raises(ImageNotFound, match="base image nosuch:1 is not") as caught:
        build_with_buildkit(Client(ENGINE), build(tmp_path), print)
    assert caught.value.hint == "See why: docker pull nosuch:1"


def test_build_that_is_given_up_ends_its_client(tmp_path: Path) -> None:
    left = tmp_path / "left"
    client(
        tmp_path / "a",
        f"trap 'touch {shlex.quote(str(left))}; exit 1' TERM",
        "echo '#5 [2/3] RUN make'; while :; do sleep 0.05; done",
    )

    class GivenUpError(Exception):
        pass

    def give_up(_: str) -> None:
        raise GivenUpError

    with pytest.raises(GivenUpError):
        build_with_buildkit(Client(ENGINE), build(tmp_path), give_up)
    assert left.exists()


def test_client_that_does_not_end_when_asked_to_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buildkit, "_END_SECONDS", 0.2)
    client(tmp_path / "a", "trap '' TERM", "echo '#5 [2/3] RUN make'; sleep 20")

    def give_up(_: str) -> None:
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        build_with_buildkit(Client(ENGINE), build(tmp_path), give_up)
    assert time.monotonic() - started < 10


def test_client_that_never_begins_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buildkit, "ANSWER_SECONDS", 0.2)
    client(tmp_path / "a", "exec sleep 60")
    with pytest.raises(EngineError, match=r"within 0\.2 s"):
        build_with_buildkit(Client(ENGINE), build(tmp_path), print)


def test_client_that_has_begun_may_take_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buildkit, "ANSWER_SECONDS", 0.2)
    client(
        tmp_path / "a",
        'echo "#1 [internal] load build definition from Dockerfile"; sleep 0.6',
        'for word; do case $word in --iidfile=*) echo sha256:1 > "${word#*=}"; esac; done',
    )
    assert build_with_buildkit(Client(ENGINE), build(tmp_path), print) == "sha256:1"


def test_a_client_ends_with_the_process_that_started_it() -> None:
    script = """
from dokkupy.engine_docker import buildkit
tell = buildkit._Progress(lambda line: print(line, flush=True))
buildkit._run(["sh", "-c", "echo $$; exec sleep 300"], {}, tell, ())
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"}
    ) as caller:
        assert caller.stdout is not None
        client = Path("/proc") / caller.stdout.readline().decode().strip()
        assert client.exists()
        caller.kill()
    eventually(lambda: not client.exists())
