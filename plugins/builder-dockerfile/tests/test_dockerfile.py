from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy_builder_dockerfile.dockerfile import Dockerfile, Secret, expand


def images(text: str, **args: str) -> tuple[str, ...]:
    return Dockerfile.parse(text).images(args)


def test_images_leave_out_scratch_and_earlier_stages() -> None:
    text = "FROM go:1 AS Build\nFROM build AS test\nFROM scratch\nFROM python:3\n"
    assert images(text) == ("go:1", "python:3")


def test_a_stage_name_used_before_its_stage_is_an_image() -> None:
    assert images("FROM late\nFROM python AS late\n") == ("late", "python")


def test_platform_flag_is_no_image() -> None:
    assert images("FROM --platform=linux/amd64 python:3 AS x\n") == ("python:3",)


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("ARG V=3.11\nFROM python:$V\n", "python:3.11"),
        ("ARG V=3.11\nFROM python:${V}-slim\n", "python:3.11-slim"),
        ("ARG V\nFROM python:${V:-3.9}\n", "python:3.9"),
        ("ARG V=\nFROM python:${V:-3.9}\n", "python:3.9"),
        ("ARG V=1\nFROM python${V:+:special}\n", "python:special"),
        ('ARG A="python" B=${A}:3\nFROM "$B"\n', "python:3"),
        ("ARG A='$B'\nFROM x:${A}y\n", "x:$By"),
    ],
)
def test_arguments_before_the_first_stage_are_put_into_from(text: str, image: str) -> None:
    assert images(text) == (image,)


def test_a_given_argument_beats_its_default() -> None:
    assert images("ARG V=3.11\nFROM python:$V\n", V="3.12") == ("python:3.12",)


def test_a_given_argument_that_is_not_declared_is_not_put_in() -> None:
    assert images("FROM python:${V:-3.9}\n", V="3.12") == ("python:3.9",)


def test_argument_of_a_stage_is_not_seen_by_the_next_from() -> None:
    assert images("FROM a\nARG V=1\nFROM b$V\n") == ("a", "b")


def test_an_image_that_stays_empty_is_left_to_the_engine() -> None:
    assert images("FROM $NOTHING\n") == ()


def test_images_that_files_are_copied_from_count_too() -> None:
    text = (
        "FROM a AS one\nFROM b\nCOPY --from=one /x /x\nCOPY --from=0 /x /x\n"
        "COPY --from=busybox:1 /bin/sh /sh\nRUN --mount=type=bind,from=tools,target=/t make\n"
    )
    assert images(text) == ("a", "b", "busybox:1", "tools")


def test_declared_arguments_of_every_stage_are_known() -> None:
    text = 'ARG A\nFROM x\nARG B=1 C="two words"\nARG D\nRUN echo ARG E\n'
    assert Dockerfile.parse(text).args == {"A", "B", "C", "D"}


@pytest.mark.parametrize(
    ("flag", "secret"),
    [
        ("type=secret,id=TOKEN", Secret(id="TOKEN", required=True)),
        ("id=TOKEN,type=secret,target=/x", Secret(id="TOKEN", required=True)),
        ('type=secret,"id=TOKEN",mode=0400', Secret(id="TOKEN", required=True)),
        ("type=secret,target=/run/TOKEN", Secret(id="TOKEN", required=True)),
        ("type=secret,id=TOKEN,required=false", Secret(id="TOKEN", required=False)),
        ("TYPE=SECRET,ID=TOKEN", Secret(id="TOKEN", required=True)),
    ],
)
def test_secret_mounts_are_found(flag: str, secret: Secret) -> None:
    assert Dockerfile.parse(f"FROM x\nRUN --mount={flag} make\n").secrets == (secret,)


def test_a_secret_that_one_step_requires_is_required() -> None:
    text = (
        "FROM x\nRUN --mount=type=secret,id=A,required=false a\n"
        "RUN --mount=type=secret,id=A b\nRUN --mount=type=cache,id=B c\n"
    )
    assert Dockerfile.parse(text).secrets == (Secret(id="A", required=True),)


def test_features_of_buildkit_are_named_once() -> None:
    text = (
        "FROM x\nRUN --mount=type=cache,target=/c a\nRUN --mount=type=cache,target=/c b\n"
        "COPY --chown=1 --link a b\nRUN <<EOF\nEOF\n"
    )
    assert Dockerfile.parse(text).buildkit_features == ("RUN --mount", "COPY --link", "RUN <<")


def test_an_ordinary_dockerfile_needs_no_buildkit() -> None:
    text = "FROM x\nCOPY --chown=1 --from=0 a b\nRUN pip install --mount=no .\n"
    assert Dockerfile.parse(text).buildkit_features == ()


@given(st.text(alphabet="AB${}:-+\\'\"x", max_size=40))
def test_expanding_any_text_ends_without_an_exception(text: str) -> None:
    assert isinstance(expand(text, {"A": "1", "B": ""}), str)


@given(st.text(max_size=300))
def test_any_text_can_be_asked_everything(text: str) -> None:
    dockerfile = Dockerfile.parse("FROM x\nARG " + text)
    assert dockerfile.images({})[:1] == ("x",)
    assert dockerfile.args is not None
    assert dockerfile.secrets is not None
    assert dockerfile.buildkit_features is not None


def test_a_mount_that_is_no_list_of_fields_is_left_for_the_engine_to_refuse() -> None:
    assert Dockerfile.parse('RUN --mount=type="secret\r",id=A true\n').secrets == ()
