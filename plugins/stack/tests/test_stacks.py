from __future__ import annotations

import pytest

from dokkupy.errors import NotFound, UsageError
from dokkupy_stack.stacks import BASE, PYTHON, StackName, lineage, stack_named, stack_of


@pytest.mark.parametrize(
    "reference", ["dokkupy/python", "dokkupy/python:3", "dokkupy/python:latest"]
)
def test_an_image_name_of_ours_finds_its_stack(reference: str) -> None:
    assert stack_of(reference) is PYTHON


@pytest.mark.parametrize(
    "reference", ["python:3", "debian", "dokkupy", "dokkupy/", "other/python:3", "dokkupy/ruby:3"]
)
def test_an_image_name_of_others_finds_none(reference: str) -> None:
    assert stack_of(reference) is None


@pytest.mark.parametrize("reference", ["dokkupy/python:2", "dokkupy/python@sha256:00"])
def test_a_tag_that_does_not_exist_is_refused_with_the_one_that_does(reference: str) -> None:
    with pytest.raises(NotFound) as caught:
        stack_of(reference)
    assert caught.value.hint == "Write FROM dokkupy/python:3 in the Dockerfile."


def test_a_stack_comes_after_what_it_stands_on() -> None:
    assert list(lineage(PYTHON)) == [BASE, PYTHON]


def test_an_unknown_stack_is_not_found_and_a_hostile_name_refused() -> None:
    with pytest.raises(NotFound):
        stack_named(StackName.parse("ruby"))
    with pytest.raises(UsageError):
        StackName.parse("../python")
