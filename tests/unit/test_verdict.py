"""Verdicts: each way to fail gets its own cause, and the line that mends it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dokkupy import verdict
from dokkupy.engine import Listener
from dokkupy.health import Answer
from dokkupy.names import AppName, ProcessName
from dokkupy.scheduler import PlacedStatus
from dokkupy.types import Check, Failure, ProcessType, Scale

APP = AppName("shop")
WEB = ProcessType(name=ProcessName("web"), command=("sh", "-c", "python app.py --fast"), port=5000)
HALF_GIB = Scale(quantity=1, memory=512 * 1024 * 1024)
REFUSED = Answer(problem="refused")


def ended(status: PlacedStatus, log: str = "it broke", process: ProcessType = WEB) -> Failure:
    return verdict.ended(status, log, app=APP, name="web.1", process=process, scale=HALF_GIB)


def silent(answer: Answer, *listeners: tuple[str, int], process: ProcessType = WEB) -> Failure:
    return verdict.silent(answer, at(*listeners), "it hums", name="web.1", process=process)


def at(*listeners: tuple[str, int]) -> Sequence[Listener]:
    return [Listener(address=address, port=port) for address, port in listeners]


@pytest.mark.parametrize(
    ("status", "log", "cause", "fix"),
    [
        (
            PlacedStatus(state="ended", exit_code=137),
            "",
            (
                "web.1 was killed by SIGKILL, most likely because it needed more than its"
                " 512 MiB of memory"
            ),
            "dokkupy ps limit shop web --memory 1024m",
        ),
        (
            PlacedStatus(state="ended", exit_code=1),
            "Traceback …",
            "web.1 ended with exit code 1",
            "Mend what the log shows and push again.",
        ),
        (
            PlacedStatus(state="ended", exit_code=0),
            "bye",
            "web.1 ended with exit code 0",
            "Let the command of web stay in the foreground, and push again.",
        ),
        (
            PlacedStatus(state="ended", exit_code=127),
            "sh: 1: pyton: not found",
            "web.1 ended with exit code 127: pyton is not in the image",
            "Correct the command of web in the Procfile, or install pyton in the image.",
        ),
        (
            PlacedStatus(state="ended", exit_code=3),
            "",
            "web.1 ended with exit code 3",
            "It printed nothing: let it print why it ends, and push again.",
        ),
        (
            PlacedStatus(state="ended", exit_code=137, oom_killed=True),
            "",
            "web.1 was killed because it needed more than its 512 MiB of memory",
            "dokkupy ps limit shop web --memory 1024m",
        ),
        (
            PlacedStatus(state="ended", exit_code=1),
            "Traceback\n  File\nKeyError: 'DATABASE_URL'",
            "web.1 ended with exit code 1: DATABASE_URL is not set",
            "dokkupy config set shop DATABASE_URL=VALUE",
        ),
        (
            PlacedStatus(state="ended", exit_code=1),
            "KeyError: 'lower'",
            "web.1 ended with exit code 1",
            "Mend what the log shows and push again.",
        ),
        (
            PlacedStatus(state="ended", exit_code=2, restarts=True, restart_count=4),
            "boom",
            "web.1 ended with exit code 2; it was started again 4 times",
            "Mend what the log shows and push again.",
        ),
        (
            PlacedStatus(state="ended", exit_code=143, restarts=True),
            "bye",
            "web.1 was stopped by somebody else",
            "dokkupy up",
        ),
        (
            PlacedStatus(state="gone"),
            "",
            "web.1 was removed by somebody else",
            "Push again, and leave dokkupy's containers to dokkupy.",
        ),
    ],
)
def test_a_container_that_ended_is_explained(
    status: PlacedStatus, log: str, cause: str, fix: str
) -> None:
    assert ended(status, log) == Failure(process="web.1", cause=cause, fix=fix, log=log)


MUST = "must listen on 0.0.0.0:$PORT (5000)"
LISTEN = "Make it listen on 0.0.0.0 and the port in $PORT (5000), then push again."


@pytest.mark.parametrize(
    ("listeners", "cause"),
    [
        ([("127.0.0.1", 5000)], f"web.1 listens on 127.0.0.1:5000, {MUST}"),
        ([("127.0.0.1", 3000)], f"web.1 listens on 127.0.0.1:3000, {MUST}"),
        ([("127.1.2.3", 5000)], f"web.1 listens on 127.1.2.3:5000, {MUST}"),
        ([("::1", 5000)], f"web.1 listens on [::1]:5000, {MUST}"),
        ([("0.0.0.0", 8080)], f"web.1 listens on 0.0.0.0:8080, {MUST}"),
        ([("::", 8080)], f"web.1 listens on [::]:8080, {MUST}"),
        (
            [("127.0.0.1", 5000), ("::1", 5000), ("0.0.0.0", 9000)],
            f"web.1 listens on 127.0.0.1:5000, [::1]:5000, {MUST}",
        ),
        ([("0.0.0.0", 80), ("0.0.0.0", 443)], f"web.1 listens on 0.0.0.0:80, 0.0.0.0:443, {MUST}"),
        ([], f"web.1 listens on nothing, {MUST}"),
        ([("::", 5000)], f"web.1 listens on [::]:5000 for IPv6 alone, {MUST}"),
        (
            [("::", 5000), ("127.0.0.1", 5000)],
            f"web.1 listens on [::]:5000, 127.0.0.1:5000, {MUST}",
        ),
        ([("fd00::2", 5000)], f"web.1 listens on [fd00::2]:5000 for IPv6 alone, {MUST}"),
    ],
)
def test_one_that_refuses_is_told_where_it_listens_instead(
    listeners: list[tuple[str, int]], cause: str
) -> None:
    assert silent(REFUSED, *listeners) == Failure(
        process="web.1", cause=cause, fix=LISTEN, log="it hums"
    )


@pytest.mark.parametrize("address", ["0.0.0.0", "10.208.0.7", "::"])
def test_one_that_answers_badly_is_told_what_it_answered(address: str) -> None:
    checked = ProcessType(name=ProcessName("web"), port=5000, check=Check(path="/up"))
    failure = silent(Answer(status=500), (address, 5000), process=checked)
    assert failure.cause == "web.1 answered GET /up with status 500, wanted 200 to 399"
    assert failure.fix == (
        "Mend what the log shows, or the path of its check in app.json, and push again."
    )


def test_one_that_takes_too_long_is_told_how_long_it_had() -> None:
    patient = ProcessType(name=ProcessName("web"), port=5000, check=Check(timeout=2.5))
    failure = silent(Answer(problem="timed out"), ("0.0.0.0", 5000), process=patient)
    assert failure.cause == "web.1 did not answer GET / within 2.5 s"
    assert "timeout" in failure.fix


def test_the_time_it_had_ends_with_the_deadline() -> None:
    patient = ProcessType(name=ProcessName("web"), port=5000, check=Check(timeout=90, deadline=30))
    failure = silent(Answer(problem="timed out"), ("0.0.0.0", 5000), process=patient)
    assert failure.cause == "web.1 did not answer GET / within 30 s"


def test_one_that_speaks_no_http_is_told_so() -> None:
    failure = silent(Answer(problem="something else came back"), ("0.0.0.0", 5000))
    assert failure.cause == "web.1 listens, but GET / got no HTTP answer: something else came back"
    assert failure.fix == "Make it speak HTTP on $PORT, then push again."


@pytest.mark.parametrize(
    ("listeners", "elsewhere"),
    [
        ([], False),
        ([("127.0.0.1", 5000)], True),
        ([("::1", 5000)], True),
        ([("0.0.0.0", 8080)], True),
        ([("0.0.0.0", 5000)], False),
        ([("::", 5000)], True),
        ([("::", 5000), ("0.0.0.0", 5000)], False),
        ([("0.0.0.0", 8080), ("0.0.0.0", 5000)], False),
        ([("127.0.0.1", 5000), ("0.0.0.0", 8080)], True),
    ],
)
def test_it_is_lost_only_when_it_listens_and_nowhere_that_the_proxy_reaches(
    listeners: list[tuple[str, int]], elsewhere: bool
) -> None:
    # It is asked of one that refuses: a socket of both families on [::] would have answered.
    assert verdict.listens_elsewhere(at(*listeners), WEB) is elsewhere


NOW = 10_000.0


@pytest.mark.parametrize(
    ("count", "age", "loops"), [(3, 1, True), (9, 299, True), (2, 1, False), (50, 301, False)]
)
def test_one_that_was_started_again_lately_and_often_loops(
    count: int, age: float, loops: bool
) -> None:
    status = PlacedStatus(state="running", restart_count=count, started_at=NOW - age)
    assert verdict.loops(status, NOW) is loops


def test_one_that_loops_is_told_what_its_log_names() -> None:
    status = PlacedStatus(state="running", restart_count=7)
    failure = verdict.looping(
        status, "KeyError: 'DATABASE_URL'", app=APP, name="web.1", process=WEB
    )
    assert failure.cause == (
        "web.1 keeps ending: it was started again 7 times; DATABASE_URL is not set"
    )
    assert failure.fix == "dokkupy config set shop DATABASE_URL=VALUE"


def test_one_that_may_still_be_starting_is_not_called_broken() -> None:
    status = PlacedStatus(state="running", started_at=NOW - 4)
    failure = verdict.starting(status, NOW, app=APP, name="web.1", check=Check(deadline=60))
    assert failure.cause == (
        "web.1 was started 4 s ago and does not answer yet; its check gives it 60 s"
    )


@pytest.mark.parametrize(("used", "found"), [(500, True), (487, True), (486, False), (0, False)])
def test_one_whose_memory_is_nearly_full_is_told_how_full(used: int, found: bool) -> None:
    mib = 1024 * 1024
    status = PlacedStatus(state="running", memory=512 * mib, memory_used=used * mib)
    failure = verdict.cramped(status, app=APP, name="web.1", process=WEB, scale=HALF_GIB)
    assert (failure is not None) is found
    if failure is not None:
        assert failure.cause == (
            f"web.1 holds {used} MiB of the 512 MiB of memory that it may take"
        )
        assert failure.fix == "dokkupy ps limit shop web --memory 1024m"


def test_one_without_a_limit_is_never_full() -> None:
    status = PlacedStatus(state="running", memory=0, memory_used=1)
    assert verdict.cramped(status, app=APP, name="web.1", process=WEB, scale=HALF_GIB) is None
