"""What runs inside a build container, as far as it needs none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dokkupy_buildpacks.lifecycle import Kit, read_release, start


@pytest.mark.parametrize(
    ("said", "web"),
    [
        ("---\ndefault_process_types:\n  web: gunicorn app:app\n", "gunicorn app:app"),
        ("default_process_types:\r\n  web: 'it''s: x'\r\n", "it's: x"),
        ('---\n# no\ndefault_process_types:\n    "web": "a \\"b\\""\naddons: []\n', 'a "b"'),
        ('{"default_process_types": {"web": "node app.js", "none": null}}', "node app.js"),
        (
            "default_process_types:\n  web: puma -p ${PORT:-3000}\n    -e ${ENV:-production}\n",
            "puma -p ${PORT:-3000} -e ${ENV:-production}",
        ),
        ("default_process_types:\n  web: >-\n    puma\n    -C config.rb\n", "puma -C config.rb"),
    ],
)
def test_what_bin_release_says_is_understood(said: str, web: str) -> None:
    assert read_release(said)["default_process_types"] == {"web": web}


@pytest.mark.parametrize(
    "said",
    [
        "",
        "--- {}\n",
        "{}",
        "[]",
        "7",
        "nothing\n",
        "default_process_types:\n  web:\n",
        "addons: []",
    ],
)
def test_what_says_nothing_of_what_runs_is_nothing(said: str) -> None:
    assert read_release(said) == {}


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    (tmp_path / "app").mkdir()
    return Kit(tmp_path, tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("#!/bin/sh\necho one; exit 3\n", 3, b"one\n"),
        ("[[ -n one ]] && echo one\n", 0, b"one\n"),  # no interpreter is named
        ("#!/nowhere/ruby\n", 127, b""),
        ("", 0, b""),
    ],
)
def test_a_program_runs_as_a_shell_would_run_it(
    kit: Kit, tmp_path: Path, script: str, code: int, said: bytes
) -> None:
    program = tmp_path / "detect"
    program.write_text(script)
    assert start(program, [kit.build], kit, dict(os.environ), taken=True) == (code, said)


def test_a_program_whose_interpreter_is_missing_is_named(
    kit: Kit, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "bin" / "compile"
    program.parent.mkdir()
    program.write_text("#!/nowhere/ruby\n")
    start(program, [], kit, {})
    said = capfd.readouterr().err
    assert said == "-----> bin/compile cannot be run: its interpreter is not on this stack\n"
    assert start(tmp_path / "bin" / "release", [], kit, {}, taken=True) == (0, b"")
