"""What the benchmark counts as failed, stale and foreign."""

from __future__ import annotations

from benchmarks.answers import Answer, Move, account, quick_percentiles

FIRST = Move(what="push", began=0.0, returned=10.0, during=frozenset({"v1"}), after="v1")
SECOND = Move(what="push", began=20.0, returned=30.0, during=frozenset({"v1", "v2"}), after="v2")
REFUSED = Move(what="failing push", began=40.0, returned=50.0, during=frozenset({"v2"}), after="v2")
MOVES = [FIRST, SECOND, REFUSED]


def answer(began: float, text: str, *, took: float = 0.01, slow: bool = False) -> Answer:
    return Answer(began=began, ended=began + took, slow=slow, text=text)


def judged(*answers: Answer) -> tuple[int, int]:
    sums = account(answers, MOVES)
    return len(sums.stale), len(sums.foreign)


def test_the_old_version_after_a_command_returned_is_stale() -> None:
    assert judged(answer(30.001, "v1")) == (1, 0)
    assert judged(answer(30.001, "v2")) == (0, 0)


def test_during_a_command_old_and_new_may_both_answer() -> None:
    assert judged(answer(25.0, "v1"), answer(25.0, "v2")) == (0, 0)


def test_a_slow_request_begun_before_a_command_returned_may_end_after_it_with_the_old_version() -> (
    None
):
    assert judged(answer(29.5, "v1", took=2.0, slow=True)) == (0, 0)


def test_a_request_begun_before_a_command_may_be_answered_by_what_it_brings() -> None:
    assert judged(answer(19.99, "v2", took=0.5)) == (0, 0)


def test_the_new_version_before_anybody_asked_for_it_is_stale_news_too() -> None:
    assert judged(answer(15.0, "v2")) == (1, 0)


def test_a_version_that_must_never_serve_is_foreign() -> None:
    assert judged(answer(45.0, "v3")) == (0, 1)
    assert judged(answer(45.0, "v1")) == (0, 1)


def test_failures_are_counted_by_reason_and_never_as_stale() -> None:
    failures = [
        Answer(began=45.0, ended=45.1, slow=False, failure="status 502"),
        Answer(began=46.0, ended=46.1, slow=True, failure="status 502"),
        Answer(began=47.0, ended=47.1, slow=False, failure="closed before an answer"),
    ]
    sums = account([*failures, answer(48.0, "v2")], MOVES)
    assert sums.total == 4
    assert sums.failed == tuple(failures)
    assert sums.reasons == {"status 502": 2, "closed before an answer": 1}
    assert (sums.stale, sums.foreign) == ((), ())


def test_slow_requests_are_counted_for_each_command_that_they_meet() -> None:
    answers = [answer(19.0, "v1", took=2.0, slow=True), answer(25.0, "v1", took=2.0, slow=True)]
    assert account(answers, MOVES).in_flight == (2, 0)


def test_percentiles_leave_out_what_is_slow_on_purpose_and_what_failed() -> None:
    answers = [answer(45.0, "v2", took=0.010), answer(45.0, "v2", took=2.0, slow=True)]
    answers.append(Answer(began=1.0, ended=31.0, slow=False, failure="no answer within 30 s"))
    assert [round(seconds, 3) for seconds in quick_percentiles(answers)] == [0.010, 0.010, 0.010]


def test_an_answer_survives_being_written_and_read() -> None:
    one = Answer(began=1.5, ended=2.25, slow=True, text="version é\n", failure="")
    assert Answer.read(one.line()) == one
