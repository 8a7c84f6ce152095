"""Programs that cannot be started, with what shells and the init of a container print then."""

from __future__ import annotations

from pathlib import Path

import pytest

from dokkupy import unstartable
from dokkupy.executable import Executable, architecture, runs
from dokkupy.names import ProcessName
from dokkupy.scheduler import PlacedStatus
from dokkupy.types import ProcessType

WEB = ProcessType(name=ProcessName("web"), command=("sh", "-c", "./serve"), port=5000)
BY_IMAGE = ProcessType(name=ProcessName("web"), port=5000)


def elf(machine: int) -> bytes:
    kind = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + b"\x02\x00"
    return kind + machine.to_bytes(2, "little") + bytes(8)


ARM64, AMD64, I386 = elf(183), elf(62), elf(3)
ELF_AS_SCRIPT = "./serve: 1: \N{REPLACEMENT CHARACTER}ELF\N{REPLACEMENT CHARACTER}: not found"


def file(head: bytes, mode: int = 0o755, word: str = "./serve") -> Executable:
    return Executable(word=word, path="/app/serve", mode=mode, head=head)


def reason(
    code: int,
    log: str,
    *programs: Executable,
    image: str = "amd64",
    process: ProcessType = WEB,
) -> tuple[str, str] | None:
    status = PlacedStatus(state="ended", exit_code=code, programs=programs, architecture=image)
    found = unstartable.reason(status, log, process=process, host="amd64")
    return (found.why, found.fix) if found else None


@pytest.mark.parametrize(
    ("code", "log"),
    [
        (126, "sh: 1: exec: ./serve: Exec format error"),
        (127, ELF_AS_SCRIPT),
        (2, './serve: 2: Syntax error: word unexpected (expecting ")")'),
        (1, "[FATAL tini (7)] exec ./serve failed: Exec format error"),
        (127, "[FATAL tini (7)] exec ./serve failed: No such file or directory"),
    ],
)
def test_a_program_for_another_processor_is_told_with_both(code: int, log: str) -> None:
    assert reason(code, log, file(ARM64)) == (
        "./serve is a program for arm64, and this host is amd64",
        "Build ./serve for linux/amd64, best in the Dockerfile, and push again.",
    )


def test_an_image_for_another_processor_is_told_with_both() -> None:
    assert reason(
        1, "[FATAL tini (7)] exec /serve failed: Exec format error", file(ARM64), image="arm64"
    ) == (
        "the image is for arm64, and this host is amd64",
        "Build it from a base image for amd64, and push again.",
    )


@pytest.mark.parametrize(
    ("head", "made_for"),
    [
        (b"\xcf\xfa\xed\xfe" + bytes(60), "macOS"),
        (b"MZ\x90\x00" + bytes(60), "Windows"),
        (elf(243), "riscv64"),
        (elf(9999), "processor type 9999"),
    ],
)
def test_a_program_of_another_kind_is_told(head: bytes, made_for: str) -> None:
    found = reason(126, "sh: 1: exec: ./serve: Exec format error", file(head))
    assert found is not None
    assert found[0] == f"./serve is a program for {made_for}, and this host is amd64"


@pytest.mark.parametrize(
    ("code", "log", "head"),
    [
        (1, "Syntax error: missing semicolon", AMD64),
        (2, 'app.sh: 3: Syntax error: "fi" unexpected', b"#!/bin/sh\nfi\n"),
        (1, "Traceback …", ARM64),
        (1, "Traceback …", I386),
        (3, "", b"text"),
    ],
)
def test_a_program_that_ran_and_failed_is_not_called_unstartable(
    code: int, log: str, head: bytes
) -> None:
    assert reason(code, log, file(head), file(AMD64, word="/bin/sh")) is None


@pytest.mark.parametrize(
    "log",
    [
        "sh: 1: exec: ./serve: Permission denied",
        "[FATAL tini (7)] exec ./serve failed: Permission denied",
    ],
)
def test_a_file_that_may_not_be_executed_is_told_with_the_command_that_permits_it(
    log: str,
) -> None:
    assert reason(126, log, file(b"#!/bin/sh\n", mode=0o644)) == (
        "./serve may not be executed",
        "Permit it, commit, and push again: git update-index --chmod=+x ./serve",
    )


def test_a_directory_as_command_is_told_too() -> None:
    found = reason(126, "sh: 1: exec: ./bin: Permission denied")
    assert found is not None
    assert found[0] == "./bin may not be executed"


def test_a_script_whose_interpreter_is_missing_is_told_which() -> None:
    assert reason(127, "sh: 1: exec: ./serve: not found", file(b"#!/usr/bin/ruby -w\n")) == (
        "./serve needs /usr/bin/ruby, which is not in the image",
        "Install /usr/bin/ruby in the image, or correct the first line of ./serve.",
    )


def test_a_script_with_lines_of_windows_is_told_so() -> None:
    assert reason(127, "sh: 1: exec: ./serve: not found", file(b"#!/bin/sh\r\necho\r\n")) == (
        "the lines of ./serve end with CRLF, so /bin/sh is not found",
        "Save it with LF and push again: sed -i 's/\\r$//' ./serve",
    )


@pytest.mark.parametrize(
    ("log", "word"),
    [
        ("sh: 1: exec: gunicorn: not found", "gunicorn"),
        ("sh: 1: gunicorn: not found", "gunicorn"),
        ("bash: line 1: gunicorn: command not found", "gunicorn"),
        ("[FATAL tini (7)] exec gunicorn failed: No such file or directory", "gunicorn"),
        ("/usr/bin/env: \u2018node\u2019: No such file or directory", "node"),
        ("", "its command"),
    ],
)
def test_a_program_that_is_missing_is_named(log: str, word: str) -> None:
    found = reason(127, log)
    assert found is not None
    assert found[0] == f"{word} is not in the image"
    assert "in the Procfile" in found[1]
    found = reason(127, log, process=BY_IMAGE)
    assert found is not None
    assert "the CMD" in found[1]


def test_a_host_runs_what_is_made_for_it_and_for_its_smaller_brother() -> None:
    assert runs("amd64", "amd64")
    assert runs("386", "amd64")
    assert not runs("amd64", "386")
    assert not runs("arm64", "amd64")


def test_this_python_is_made_for_this_host() -> None:
    with Path("/proc/self/exe").open("rb") as program:
        head = program.read(64)
    assert runs(file(head).made_for, architecture())
