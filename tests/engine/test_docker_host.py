"""What only the real engine can show: security, isolation, caches, terminals."""

from __future__ import annotations

import json
import os
import pty
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest

from dokkupy.engine import ImageBuild
from dokkupy.engine_docker import DockerEngine
from dokkupy.engine_docker.buildkit import find_client
from dokkupy.errors import BuildFailed
from dokkupy.testing.bench import Bench, private_subnets
from dokkupy.testing.patience import eventually
from dokkupy.testing.probes import visit
from dokkupy.testing.program import Program

pytestmark = pytest.mark.engine
SECRET = "engine-secret-4b1d"
NET_RAW = 1 << 13
"""linux/capability.h"""


@pytest.fixture(scope="module")
def bench(docker: DockerEngine, test_image: str) -> Iterator[Bench]:
    bench = Bench(docker, test_image, private_subnets())
    yield bench
    bench.clear()


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    return folder


def build_of(bench: Bench, context: Path, dockerfile: str) -> ImageBuild:
    (context / "Dockerfile").write_text(dockerfile)
    return ImageBuild(
        context=context,
        dockerfile="Dockerfile",
        args={},
        labels=bench.labels,
        memory=128 * 1024**2,
        cpu_shares=256,
    )


def output(docker: DockerEngine, bench: Bench, *command: str, image: str = "") -> str:
    """Return what a command in a container prints."""
    container = docker.create(bench.spec(command=command, image=image))
    docker.start(container)
    return b"\n".join(docker.logs(container, follow=True)).decode()


# Security.


def test_process_cannot_gain_privileges_nor_send_raw_packets(
    docker: DockerEngine, bench: Bench
) -> None:
    status = dict(
        line.split(":\t", 1)
        for line in output(docker, bench, "cat", "/proc/self/status").splitlines()
    )
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert not int(status["CapEff"], 16) & NET_RAW
    assert not int(status["CapBnd"], 16) & NET_RAW


def test_containers_reach_neither_each_other_nor_each_others_names(
    docker: DockerEngine, bench: Bench
) -> None:
    address = bench.address()
    bench.run(Program(listen="0.0.0.0", port=5000, body="here"), address=address)
    assert eventually(lambda: visit(f"http://{address}:5000/")) == (200, "here")
    connect = (
        "use Socket; socket(my $s, AF_INET, SOCK_STREAM, 0);"
        "$SIG{ALRM} = sub { print 'silence'; exit }; alarm 2;"
        f"my $there = pack_sockaddr_in(5000, inet_aton('{address}'));"
        "print connect($s, $there) ? 'reached' : $!"
    )
    assert output(docker, bench, "perl", "-e", connect) == "silence"


def test_log_of_a_container_is_bounded(docker: DockerEngine, bench: Bench) -> None:
    container = docker.create(bench.spec(Program()))
    raw = json.loads(
        subprocess.run(
            [find_client() or "docker", "inspect", container], capture_output=True, check=True
        ).stdout
    )
    log = raw[0]["HostConfig"]["LogConfig"]
    assert log == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}


# Builds.


def test_ignored_files_are_not_sent(docker: DockerEngine, bench: Bench, context: Path) -> None:
    for path in ("keep.txt", "secret.env", "logs/a.log", "logs/keep.log", "deep/node_modules/x"):
        (context / path).parent.mkdir(parents=True, exist_ok=True)
        (context / path).write_text(path)
    (context / ".dockerignore").write_text(
        "# comment\n*.env\nlogs\n!logs/keep.log\n**/node_modules\n"
    )
    build = build_of(bench, context, f"FROM {bench.image}\nRUN true\nCOPY . /src\n")
    image = docker.build(build, lambda _: None)
    found = output(docker, bench, "find", "/src", "-type", "f", image=image).splitlines()
    assert sorted(found) == [
        "/src/.dockerignore",
        "/src/Dockerfile",
        "/src/keep.txt",
        "/src/logs/keep.log",
    ]


def test_what_is_sent_besides_the_source_stays_out_of_the_image(
    docker: DockerEngine, bench: Bench, context: Path
) -> None:
    (context / "a").write_text("a")
    build = build_of(bench, context, f"FROM {bench.image}\nRUN true\nCOPY . /src\n")
    image = docker.build(build, lambda _: None)
    assert output(docker, bench, "ls", "-A", "/src", image=image) == "Dockerfile\na"
    assert output(docker, bench, "cat", "/src/Dockerfile", image=image).endswith("COPY . /src")


@pytest.mark.parametrize("step", ["", "RUN true\n"])
def test_second_build_of_the_same_tree_uses_the_cache_whatever_its_times(
    docker: DockerEngine, bench: Bench, context: Path, step: str
) -> None:
    (context / "a").write_text(bench.name())
    build = build_of(bench, context, f"FROM {bench.image}\n{step}COPY a /a\nCMD x\n")
    first = docker.build(build, lambda _: None)
    os.utime(context / "a", (1, 1))
    assert docker.build(build, lambda _: None) == first


def test_step_that_eats_memory_dies_alone_and_is_named(
    docker: DockerEngine, bench: Bench, context: Path
) -> None:
    hog = """perl -e '$x = "x" x 500_000_000' || exit 2"""
    build = build_of(bench, context, f"FROM {bench.image}\nRUN {hog}\n")
    with pytest.raises(BuildFailed, match="more than the 128 MiB of memory") as caught:
        docker.build(build, lambda _: None)
    assert "Killed" in caught.value.detail


def test_build_that_is_given_up_stops(docker: DockerEngine, bench: Bench, context: Path) -> None:
    class GivenUpError(Exception):
        pass

    def give_up(line: str) -> None:
        if line == bench.word:
            raise GivenUpError

    build = build_of(bench, context, f"FROM {bench.image}\nRUN echo {bench.word}; sleep 77.7\n")
    with pytest.raises(GivenUpError):
        docker.build(build, give_up)

    def sleepers() -> str:
        return subprocess.run(
            ["pgrep", "-f", "^sleep 77.7"], capture_output=True, text=True, check=False
        ).stdout

    eventually(lambda: not sleepers())


def test_secret_is_seen_by_its_step_alone(
    docker: DockerEngine, bench: Bench, context: Path
) -> None:
    build = build_of(
        bench,
        context,
        f"FROM {bench.image}\n"
        "RUN --mount=type=secret,id=TOKEN cut -c 1-6 /run/secrets/TOKEN > /seen\n",
    )
    told: list[str] = []
    image = docker.build(replace(build, secrets={"TOKEN": SECRET}), told.append)
    assert output(docker, bench, "cat", "/seen", image=image) == SECRET[:6]
    assert output(docker, bench, "ls", "/run/secrets", image=image) == ""
    history = subprocess.run(
        [find_client(), "history", "--no-trunc", image], capture_output=True, text=True, check=True
    )
    assert SECRET not in history.stdout + "\n".join(told)


def test_failing_step_of_buildkit_is_told_last(
    docker: DockerEngine, bench: Bench, context: Path
) -> None:
    build = build_of(bench, context, f"FROM {bench.image}\nRUN echo no such header; exit 3\n")
    told: list[str] = []
    with pytest.raises(BuildFailed, match="exit code: 3") as caught:
        docker.build(replace(build, buildkit=True), told.append)
    assert "no such header" in caught.value.detail
    assert told[-1] == caught.value.message


# Terminals.

SESSION = """
import sys
from dokkupy.engine_docker import DockerEngine
sys.exit(getattr(DockerEngine(), sys.argv[1])(*eval(sys.argv[2]), **eval(sys.argv[3])))
"""


class Terminal:
    """A pseudo-terminal in which a process calls the engine."""

    def __init__(
        self, method: str, arguments: tuple[object, ...], options: dict[str, bool]
    ) -> None:
        self.near, far = pty.openpty()
        self.resize(30, 99)
        self.process = subprocess.Popen(
            [
                *("setsid", "--ctty", "--wait", sys.executable, "-c", SESSION),
                *(method, repr(arguments), repr(options)),
            ],
            stdin=far,
            stdout=far,
            stderr=far,
        )
        os.close(far)

    def resize(self, rows: int, columns: int) -> None:
        ioctl(self.near, TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, text: str) -> str:
        seen = ""
        deadline = time.monotonic() + 30
        while text not in seen:
            ready, _, _ = select.select([self.near], [], [], deadline - time.monotonic())
            assert ready, seen
            seen += os.read(self.near, 4096).decode()
        return seen

    def type(self, text: str) -> None:
        os.write(self.near, text.encode())

    def code(self) -> int:
        try:
            return self.process.wait(30)
        finally:
            os.close(self.near)


def test_terminal_is_carried_into_a_running_container(docker: DockerEngine, bench: Bench) -> None:
    container = bench.run(Program())
    command = ("sh", "-c", "stty -echo; read x; stty size; echo got $x; exec sleep 60")
    terminal = Terminal("execute", (container, command), {"interactive": True, "tty": True})
    # The first answer is only there once the shell has turned the echo off.
    eventually(lambda: "-echo" in docker_stty(docker, container))
    terminal.type("typed\r")
    assert "30 99" in terminal.until("got typed")
    terminal.type("\x03")
    assert terminal.code() == 130


def docker_stty(docker: DockerEngine, container: str) -> str:
    shown = subprocess.run(
        [find_client(), "exec", container, "sh", "-c", "stty -a < /dev/pts/0"],
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout


def test_size_of_the_window_follows(docker: DockerEngine, bench: Bench) -> None:
    spec = bench.spec(
        command=("sh", "-c", "trap 'stty size' WINCH; echo ready; while :; do sleep 0.1; done"),
        stdin=True,
    )
    container = docker.create(replace(spec, tty=True))
    terminal = Terminal("attach", (container,), {})
    terminal.until("ready")
    terminal.resize(41, 121)
    terminal.until("41 121")
    docker.kill(container)
    assert terminal.code() == 137


def test_near_terminal_is_itself_again_afterwards(docker: DockerEngine, bench: Bench) -> None:
    spec = bench.spec(command=("sh", "-c", "exit 3"), stdin=True)
    container = docker.create(replace(spec, tty=True))
    script = "stty -a > {0}.before; {1}; echo $? > {0}.code; stty -a > {0}.after"
    near, far = pty.openpty()
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / bench.name()
    call = f"{sys.executable} -c '{SESSION}' attach \"('{container}',)\" '{{}}'"
    subprocess.run(
        ["sh", "-c", script.format(folder, call)],
        stdin=far,
        stdout=far,
        stderr=far,
        start_new_session=True,
        timeout=30,
        check=True,
    )
    os.close(near)
    os.close(far)
    seen = {part: Path(f"{folder}.{part}").read_text() for part in ("before", "code", "after")}
    assert seen["before"] == seen["after"]
    assert seen["code"] == "3\n"


# The rest.


def test_deploying_imports_no_sdk(bench: Bench) -> None:
    script = (
        "import sys; from dokkupy.engine_docker import DockerEngine\n"
        "engine = DockerEngine(); engine.warm(); engine.containers({'x': 'y'})\n"
        f"print(engine.image({bench.image!r}).id)\n"
        "assert 'docker' not in sys.modules and 'requests' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("sha256:")


def test_last_words_without_a_newline_reach_whoever_follows(
    docker: DockerEngine, bench: Bench
) -> None:
    command = ("sh", "-c", "printf 'last '; sleep 0.2; printf words")
    containers = [docker.create(bench.spec(command=command)) for _ in range(4)]
    for container in containers:
        docker.start(container)
        assert list(docker.logs(container, follow=True)) == [b"last words"]


def test_command_that_is_not_in_the_image_ends_with_127(docker: DockerEngine, bench: Bench) -> None:
    container = docker.create(bench.spec(command=("no-such-program",)))
    docker.start(container)
    docker.wait([container], 20)
    assert docker.inspect(container).exit_code == 127
    assert b"no-such-program" in b"".join(docker.logs(container))


def test_container_reaps_the_children_of_its_program(docker: DockerEngine, bench: Bench) -> None:
    # A double fork leaves an orphan; who runs as the first process must collect it.
    orphan = "(sh -c 'exit 0' &); sleep 0.3; cat /proc/[0-9]*/stat"
    states = [
        line.rpartition(")")[2].split()[0]
        for line in output(docker, bench, "sh", "-c", orphan).splitlines()
    ]
    assert states
    assert "Z" not in states
