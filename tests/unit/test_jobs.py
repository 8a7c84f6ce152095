"""Jobs: a detached runner each, followed by anybody, told apart when it dies."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy import jobs
from dokkupy.errors import BuildFailed, DeployFailed, DokkupyError, ProxyRefused, UsageError
from dokkupy.jobs import Job
from dokkupy.paths import Paths
from dokkupy.types import Line

pytestmark = pytest.mark.usefixtures("stub_runner")


def follow(job: Job) -> tuple[list[Line], Any]:
    lines: list[Line] = []
    following = jobs.follow(job)
    while True:
        try:
            lines.append(next(following))
        except StopIteration as end:
            return lines, end.value


def submit(paths: Paths, kind: str, arguments: Mapping[str, object] | None = None) -> Job:
    return jobs.submit(paths, kind, "", arguments or {}, actor="ann")


def test_a_job_tells_its_lines_and_gives_its_result_as_json_knows_it(paths: Paths) -> None:
    job = jobs.submit(paths, "echo", "hello", {"text": "a\tü\n$(x)"}, actor="ann")
    lines, result = follow(job)
    assert lines == [
        Line(text="ann wants a\tü", stream="progress"),
        Line(text="$(x) for hello", stream="progress"),
    ]
    assert result == {
        "app": "hello",
        "env": {"KEY": "****"},
        "cwd": str(paths.root),
        "pair": [1, None],
    }


def test_a_runner_is_detached_and_inherits_nothing_of_the_call(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("SSH_ORIGINAL_COMMAND", "git-receive-pack 'x'")
    monkeypatch.setenv("KEPT", "yes")
    with (tmp_path / "leak").open("w") as leak:
        os.set_inheritable(leak.fileno(), True)
        _, result = follow(submit(paths, "surroundings"))
    assert result["session"] is True
    assert result["environment"]["KEPT"] == "yes"
    assert not {"GIT_DIR", "SSH_ORIGINAL_COMMAND"} & result["environment"].keys()
    assert result["stdin"] == "/dev/null"
    assert str(tmp_path / "leak") not in result["files"]


def test_arguments_are_neither_on_disk_nor_in_an_argument_list(paths: Paths) -> None:
    secret = "s3cret" * 20_000  # more than a pipe holds
    lines, _ = follow(submit(paths, "print_", {"texts": ["x"]}))
    job = jobs.submit(paths, "fail", "", {"secret": secret})
    with pytest.raises(DokkupyError) as caught:
        follow(job)
    assert "s3cret" not in str(caught.value.as_dict())
    for file in Path(job.directory).iterdir():
        assert "s3cret" not in file.read_text()
    _, result = follow(submit(paths, "surroundings"))
    assert result["argv"].rstrip("\0").split("\0")[-2] == str(paths.root)
    assert lines


def test_what_a_job_leaves_is_for_its_owner_alone(paths: Paths) -> None:
    job = submit(paths, "print_", {"texts": ["x"]})
    follow(job)
    left = {file.name: stat.S_IMODE(file.stat().st_mode) for file in Path(job.directory).iterdir()}
    assert left == {"lock": 0o600, "log": 0o600, "outcome.json": 0o600}
    assert stat.S_IMODE(Path(job.directory).stat().st_mode) == 0o700


def test_a_failed_job_raises_the_error_that_ended_it(paths: Paths) -> None:
    with pytest.raises(BuildFailed) as caught:
        follow(submit(paths, "fail"))
    assert (
        caught.value.as_dict()
        == BuildFailed("No image.", hint="mend it", detail="step 1\nstep 2").as_dict()
    )


def test_an_error_of_a_plugin_that_is_not_loaded_keeps_its_code_and_exit_code(paths: Paths) -> None:
    with pytest.raises(DokkupyError, match="Mine") as caught:
        follow(submit(paths, "fail_foreign"))
    assert (caught.value.code, caught.value.exit_code) == ("plugins-own", 77)


def test_every_error_of_ours_is_rebuilt_from_its_code() -> None:
    error = jobs.error_of(ProxyRefused("no", app="a", hint="h").as_dict()["error"])  # type: ignore[arg-type]
    assert type(error) is ProxyRefused
    assert (error.message, error.hint) == ("no", "h")


def test_a_bug_is_told_with_its_traceback(paths: Paths) -> None:
    with pytest.raises(DokkupyError, match="ZeroDivisionError: by nothing") as caught:
        follow(submit(paths, "crash"))
    assert type(caught.value) is DokkupyError
    assert "stub_work.py" in caught.value.detail


def test_a_kind_of_job_that_does_not_exist_is_refused(paths: Paths) -> None:
    with pytest.raises(UsageError, match="'nonesuch'"):
        follow(submit(paths, "nonesuch"))


def test_a_killed_runner_is_noticed_and_the_remedy_named(paths: Paths) -> None:
    following = jobs.follow(submit(paths, "die"))
    assert next(following) == Line(text="last words")
    with pytest.raises(DeployFailed) as caught:
        next(following)
    assert "dokkupy up" in caught.value.hint


def test_a_runner_told_to_stop_cleans_up_and_says_so(paths: Paths, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    job = submit(paths, "wait_for_end", {"clean_up": str(witness)})
    following = jobs.follow(job)
    assert next(following).text == f"waiting in {job.pid}"
    for ignored in (signal.SIGINT, signal.SIGHUP):
        os.kill(job.pid, ignored)
    os.kill(job.pid, signal.SIGTERM)
    with pytest.raises(DeployFailed, match="SIGTERM"):
        next(following)
    assert witness.read_text() == "cleaned up"


def test_who_stops_listening_does_not_stop_the_job(paths: Paths) -> None:
    job = submit(paths, "print_", {"texts": [str(number) for number in range(1000)]})
    following = jobs.follow(job)
    next(following)
    following.close()
    lines, _ = follow(job)
    assert lines[-1].text == "999"


def test_a_submitter_that_dies_before_its_request_leaves_nothing(paths: Paths) -> None:
    script = (
        "import os, sys\nfrom dokkupy import jobs\n"
        f"jobs.RUNNER = {jobs.RUNNER!r}\n"
        "job = jobs.start(sys.argv[1]); print(job.directory, job.pid, flush=True)\n"
        'os.write(job._request, b\'{"kind": "pri\'); os._exit(9)\n'
    )
    started = subprocess.run(
        [sys.executable, "-c", script, str(paths.root)], stdout=subprocess.PIPE, check=False
    )
    directory, pid = started.stdout.decode().split()
    lock = Path(directory, "lock")
    if lock.exists():
        for _ in jobs.watch(directory):
            pytest.fail(f"runner {pid} found something to say")
    jobs.discard(directory)
    assert not list(paths.jobs.iterdir())


def test_ended_jobs_are_kept_up_to_a_number_and_running_ones_always(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "KEPT", 2)
    monkeypatch.setattr(jobs, "KEPT_SECONDS", 0.0)
    running = submit(paths, "wait_for_end", {"clean_up": str(tmp_path / "witness")})
    following = jobs.follow(running)
    next(following)
    ended = [submit(paths, "print_", {"texts": []}) for _ in range(4)]
    for job in ended:
        follow(job)
    jobs.prune(str(paths.root))
    names = sorted(folder.name for folder in paths.jobs.iterdir())
    assert names == [job.id for job in (running, *ended[2:])]
    os.kill(running.pid, signal.SIGTERM)
    with pytest.raises(DeployFailed):
        next(following)


def test_a_job_that_has_just_ended_stays_for_whoever_follows_it(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "KEPT", 1)
    job = submit(paths, "print_", {"texts": []})
    assert [line for lines in jobs.watch(job.directory) for line in lines] == []
    follow(submit(paths, "print_", {"texts": []}))
    jobs.prune(str(paths.root))  # as every runner does when it ends
    assert jobs.outcome(job.directory)["ok"]


def test_what_else_lies_among_the_jobs_keeps_none_from_ending(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "KEPT", 1)
    (paths.jobs / "0-notes").write_text("not a job")
    (paths.jobs / "1-empty").mkdir()
    (paths.jobs / "2-newest").mkdir()
    jobs.prune(str(paths.root))
    assert (paths.jobs / "0-notes").exists()


def test_a_job_whose_work_is_done_ends_well_whoever_wants_it_to_stop(paths: Paths) -> None:
    lines, result = follow(submit(paths, "end_too_late"))
    assert (lines, result) == ([], "done")


def test_the_runner_itself_does_not_need_the_test_table(paths: Paths) -> None:
    from importlib import import_module

    from dokkupy.runner import WORK

    for place in WORK.values():
        module, _, name = place.partition(":")
        assert callable(getattr(import_module(module), name))


def test_jobs_lie_where_the_paths_say(paths: Paths) -> None:
    job = submit(paths, "print_", {"texts": []})
    follow(job)
    assert Path(job.directory).parent == paths.jobs


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\x01\x02"))


@given(channel=st.sampled_from(["progress", "output", "warning"]), lines=st.lists(TEXT, min_size=1))
def test_lines_come_out_of_the_log_as_they_went_in(channel: Any, lines: list[str]) -> None:
    logged = jobs.encode(channel, "\n".join(lines))
    assert [jobs.decode(line) for line in logged[:-1].split(b"\n")] == [
        (channel, text) for text in lines
    ]


@given(line=st.binary().filter(lambda line: b"\n" not in line))
def test_whatever_stands_in_a_log_can_be_shown(line: bytes) -> None:
    channel, text = jobs.decode(line)
    assert channel in ("progress", "output", "warning")
    json.dumps(text)


def test_a_full_disk_has_room_for_the_cause_of_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwrite = os.pwrite

    def into_what_was_reserved(file: int, data: bytes, offset: int) -> int:
        if offset + len(data) > jobs.OUTCOME_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return pwrite(file, data, offset)

    monkeypatch.setattr(os, "pwrite", into_what_was_reserved)
    error = BuildFailed("Step 3 failed.", hint="Correct it.", detail="a line\n" * 1000)
    jobs.finish(str(tmp_path), {"ok": False, **error.as_dict()})
    end = jobs.outcome(str(tmp_path))["error"]
    assert (end["message"], end["hint"], end["detail"]) == ("Step 3 failed.", "Correct it.", "")
