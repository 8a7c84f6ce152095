"""Real pushes by path: the job ends and nothing hangs, whatever becomes of the client."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dokkupy import git, jobs
from dokkupy.locks import try_app_lock
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.testing.patience import eventually

APP = AppName("hello")
PATIENCE = 60.0


class Person:
    """Somebody with a working copy of one commit, who pushes it."""

    def __init__(self, path: Path, remote: Path) -> None:
        self.path, self.remote = path, remote
        self.git("init", "--quiet", "--initial-branch=main", str(path))
        self.commit()

    def command(self, *arguments: str) -> list[str]:
        identity = ["-c", "user.name=Ann", "-c", "user.email=ann@localhost"]
        return [
            "git",
            *identity,
            *(["-C", str(self.path)] if self.path.exists() else ()),
            *arguments,
        ]

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            self.command(*arguments), check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()

    def commit(self) -> str:
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def push(self, *refs: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command("push", "--porcelain", str(self.remote), *refs),
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def start_push(self, *refs: str) -> subprocess.Popen[bytes]:
        # Tests that run in the background have a Ctrl-C ignored, and a child keeps that.
        heeding = ["env", "--default-signal=INT,HUP"]
        return subprocess.Popen(
            [*heeding, *self.command("push", "--progress", str(self.remote), *refs)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )


@pytest.fixture
def person(tmp_path: Path, pushed_to: Path) -> Person:
    return Person(tmp_path / "clone", pushed_to)


@pytest.fixture
def gate(paths: Paths) -> Iterator[Path]:
    """Hold every job of `stub_work.push` back until the file is gone."""
    gate = paths.run / "gate"
    gate.touch()
    yield gate
    gate.unlink(missing_ok=True)


def only_job(paths: Paths) -> Path:
    eventually(lambda: list(paths.jobs.glob("*/log")))
    [job] = paths.jobs.iterdir()
    return job


def session_members(session: int) -> set[int]:
    members = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, member_of = stat.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(member_of) == session and state != "Z":
            members.add(int(stat.parent.name))
    return members


def test_a_push_moves_the_branch_and_tells_the_story(paths: Paths, person: Person) -> None:
    pushed = person.push("main")
    assert pushed.returncode == 0, pushed.stderr
    told = [line.removeprefix("remote: ").rstrip() for line in pushed.stderr.splitlines()]
    assert told[0] == "-----> begun"
    assert told[1:11] == [
        f"       {n:06} of the lines that it has to say about this" for n in range(10)
    ]
    assert told[11] == "-----> live at http://hello"
    head = person.git("rev-parse", "HEAD")
    assert git.current(paths, APP, "refs/heads/main") == head
    assert (paths.run / "live-main").read_text().split()[1] == head


def test_the_actor_that_ssh_names_reaches_the_job(
    paths: Paths, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOKKUPY_ACTOR", "ann")
    person.push("main")
    assert (paths.run / "live-main").read_text().split()[0] == "ann"


def test_a_failed_job_rejects_the_push_with_its_reason_and_story(
    paths: Paths, person: Person
) -> None:
    pushed = person.push("main:bad")
    assert pushed.returncode == 1
    assert "(It does not build.)" in pushed.stdout
    told = [line.removeprefix("remote: ").rstrip() for line in pushed.stderr.splitlines()]
    last = [line for line in told if not line.startswith("error:")][-5:]
    assert last == [
        " !     It does not",
        "build.",
        "       step 1",
        "       step 2",
        " !     mend it",
    ]
    assert git.branches(paths, APP) == {}


def test_tags_and_branches_that_no_job_deploys_are_stored(paths: Paths, person: Person) -> None:
    person.git("tag", "v1")
    assert person.push("main:stored", "v1").returncode == 0
    head = person.git("rev-parse", "HEAD")
    assert git.current(paths, APP, "refs/heads/stored") == head
    assert git.current(paths, APP, "refs/tags/v1") == head


def test_tags_alone_need_no_job(paths: Paths, person: Person) -> None:
    person.git("tag", "v1")
    pushed = person.push("v1")
    assert pushed.returncode == 0
    assert " !     v1 is stored, not deployed." in pushed.stderr
    assert " !     Deploy it: dokkupy deploy hello --ref v1" in pushed.stderr
    assert git.current(paths, APP, "refs/tags/v1") == person.git("rev-parse", "HEAD")
    eventually(lambda: not list(paths.jobs.iterdir()))
    assert "stored" not in person.push(":v1").stderr
    person.git("tag", "v1;reboot")
    assert "--ref 'v1;reboot'" in person.push("v1;reboot").stderr


@pytest.mark.parametrize("atomic", [[], ["--atomic"]], ids=["plain", "atomic"])
def test_a_push_stands_or_falls_as_a_whole(paths: Paths, person: Person, atomic: list[str]) -> None:
    person.git("tag", "v1")
    assert person.push(*atomic, "main:stored", "main:bad", "v1").returncode == 1
    assert git.branches(paths, APP) == {}
    assert git.current(paths, APP, "refs/tags/v1") == git.ABSENT
    assert person.push(*atomic, "main:stored", "v1").returncode == 0
    assert set(git.branches(paths, APP)) == {"stored"}


def test_a_stored_branch_can_be_deleted(paths: Paths, person: Person) -> None:
    person.push("main:stored")
    assert person.push(":stored").returncode == 0
    assert git.branches(paths, APP) == {}


def test_settings_of_the_person_who_pushes_do_not_switch_off_the_hook(
    paths: Paths, person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text(
        f"[core]\n\thooksPath = {tmp_path}\n[receive]\n\tprocReceiveRefs = refs/none\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "live at" in person.push("main").stderr


def test_a_runner_that_is_killed_rejects_the_push(paths: Paths, person: Person, gate: Path) -> None:
    with person.start_push("main") as push:
        job = only_job(paths)
        eventually((job / "log").read_bytes)
        os.kill(int((paths.run / "runner").read_text()), signal.SIGKILL)
        _, told = push.communicate(timeout=PATIENCE)
    assert push.returncode == 1
    assert b"dokkupy up" in told
    assert git.branches(paths, APP) == {}


@pytest.mark.parametrize("branch", ["main", "big"], ids=["small output", "large output"])
@pytest.mark.parametrize(
    "end",
    [
        lambda group: os.killpg(group, signal.SIGINT),
        lambda group: os.killpg(group, signal.SIGKILL),
        lambda group: os.killpg(group, signal.SIGHUP),
        lambda process: os.kill(process, signal.SIGINT),
        lambda process: os.kill(process, signal.SIGKILL),
    ],
    ids=["Ctrl-C", "group killed", "terminal closed", "interrupted", "killed"],
)
def test_a_client_that_ends_early_leaves_a_job_that_finishes(
    paths: Paths, person: Person, gate: Path, branch: str, end: Callable[[int], None]
) -> None:
    # When the client alone ends, its receive-pack keeps our pipe open and reads it no more.
    impatient = "import dokkupy.receive; dokkupy.receive.PATIENCE_SECONDS = 0.5; "
    hook = person.remote / "hooks" / "proc-receive"
    hook.write_text(
        hook.read_text().replace("import dokkupy.jobs;", f"{impatient}import dokkupy.jobs;")
    )
    with person.start_push(f"main:{branch}") as push:
        job = only_job(paths)
        eventually((job / "log").read_bytes)
        end(push.pid)
        gate.unlink()
        push.communicate(timeout=PATIENCE)
    assert push.returncode != 0
    eventually((job / "outcome.json").exists, timeout=PATIENCE)
    assert jobs.outcome(str(job))["ok"]
    assert git.current(paths, APP, f"refs/heads/{branch}") == person.git("rev-parse", "HEAD")
    with try_app_lock(paths, APP, what="next"):
        pass
    eventually(lambda: not session_members(push.pid))


@pytest.mark.parametrize("branch", ["main", "big"], ids=["small output", "large output"])
def test_a_stopped_client_holds_up_nothing_and_hears_the_rest_when_it_goes_on(
    paths: Paths, person: Person, gate: Path, branch: str
) -> None:
    with person.start_push(f"main:{branch}") as push:
        job = only_job(paths)
        eventually((job / "log").read_bytes)
        os.kill(push.pid, signal.SIGSTOP)
        gate.unlink()
        eventually((job / "outcome.json").exists, timeout=PATIENCE)
        with try_app_lock(paths, APP, what="next"):
            pass
        os.kill(push.pid, signal.SIGCONT)
        _, told = push.communicate(timeout=PATIENCE)
    assert push.returncode == 0
    assert b"live at http://hello" in told
    eventually(lambda: not session_members(push.pid))


def test_large_output_reaches_a_slow_client_whole(paths: Paths, person: Person) -> None:
    with person.start_push("main:big") as push:
        assert push.stderr is not None
        told = b""
        while chunk := push.stderr.read1(65536):  # type: ignore[attr-defined]
            told += chunk
    assert push.returncode == 0
    assert told.count(b"of the lines") == 200_000
