from __future__ import annotations

import pytest

from dokkupy.errors import BuildFailed
from dokkupy.names import AppName
from dokkupy_builder_dockerfile.failure import Trace, explain

A = AppName("a")

CLASSIC = """\
Step 1/3 : FROM debian
 ---> 0123456789ab
Step 2/3 : RUN make
 ---> Running in ba9876543210
compiling
widget.c:3: no such header"""

SIDE_BY_SIDE = """\
#5 [one 2/2] RUN make
#6 [two 2/4] RUN sleep 1
#5 0.431 widget.c:3: no such header
#5 ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 2
#6 CANCELED"""


def trace(text: str) -> Trace:
    passed: list[str] = []
    found = Trace(passed.append)
    for line in text.splitlines():
        found(line)
    assert passed == text.splitlines()
    return found


def test_step_and_exit_code_are_named_and_the_output_is_the_steps_own() -> None:
    error = explain(
        BuildFailed("The command '/bin/sh -c make' returned a non-zero code: 2"), trace(CLASSIC), A
    )
    assert error.message == "The build failed at step 2 of 3, RUN make: exit code 2."
    assert error.detail == "compiling\nwidget.c:3: no such header"
    assert error.hint == "Mend that step of the Dockerfile, commit, and push again."


def test_of_steps_that_run_side_by_side_the_failed_one_is_named() -> None:
    error = explain(BuildFailed("executor failed"), trace(SIDE_BY_SIDE), A)
    assert error.message == "The build failed at step 2 of 2, RUN make: exit code 2."
    assert "no such header" in error.detail


def test_a_failure_before_any_step_keeps_its_own_words() -> None:
    error = explain(BuildFailed("Unknown instruction: FORM.", detail="line 1"), trace(""), A)
    assert error.message == "The build failed: Unknown instruction: FORM."
    assert error.detail == "line 1"


def test_a_long_instruction_is_cut() -> None:
    error = explain(BuildFailed("x"), trace(f"Step 1/1 : RUN {'a' * 300}"), A)
    assert len(error.message) < 160


@pytest.mark.parametrize(
    ("step", "message", "output", "remedy"),
    [
        ("RUN make", "returned a non-zero code: 137", "", "build-memory 4g"),
        ("RUN make", "The step needed more than the 64 MiB of memory", "", "build-memory 4g"),
        ("RUN gcc x", "returned a non-zero code: 127", "", "not in the image"),
        ("RUN curl x", "returned a non-zero code: 28", "", "build-env set a CURL_TIMEOUT"),
        ("RUN get", "returned a non-zero code: 1", "curl: (28) timed out", "build-env set a"),
        ("COPY a b", "COPY failed: no such file", "", "must be committed"),
        ("RUN make", "returned a non-zero code: 1", "", "Mend that step"),
    ],
)
def test_remedy_fits_the_failure(step: str, message: str, output: str, remedy: str) -> None:
    error = explain(BuildFailed(message), trace(f"Step 1/1 : {step}\n{output}"), A)
    assert remedy in error.hint


def test_a_remedy_that_the_engine_knows_is_kept() -> None:
    error = explain(BuildFailed("refused", hint="Do this."), trace("Step 1/1 : RUN x"), A)
    assert error.hint == "Do this."
