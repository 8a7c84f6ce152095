"""What the command line says when its words, its output or dokkupy itself are at fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dokkupy.cli import main, output
from dokkupy.errors import StateError
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.store import Store

FULL = Path("/dev/full")


@pytest.fixture
def root(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """Give a root with an app, chosen by the environment, and no plugin."""
    monkeypatch.setenv("DOKKUPY_ROOT", str(paths.root))
    monkeypatch.setenv("DOKKUPY_PLUGINS", "")
    store = Store(paths.state_db)
    store.apps.create(AppName("shop"))
    store.close()
    return paths


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("words", [[""], ["", "apps"], [":"], ["apps", ""]])
def test_an_empty_word_is_no_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = main.run(words)
    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert told.err.startswith("Error: There is no command ")


@pytest.mark.usefixtures("root")
def test_a_verb_that_is_taken_for_an_app_is_answered_with_the_verbs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.run(["ps", "show"]) == 3
    told = capsys.readouterr().err
    assert "App show does not exist." in told
    assert "(commands of ps: dokkupy ps --help)" in told


@pytest.mark.usefixtures("root")
def test_an_empty_list_names_the_app_in_the_command_that_fills_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.run(["config", "show", "shop"]) == 0
    assert "dokkupy config set shop KEY=VALUE" in capsys.readouterr().out


@pytest.mark.usefixtures("root")
def test_a_failure_of_dokkupy_itself_is_json_for_programs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(output, "show_result", fail)
    assert main.run(["apps", "list", "--json"]) == main.UNEXPECTED
    told = json.loads(capsys.readouterr().err)["error"]
    assert (told["code"], told["exit_code"]) == ("unexpected", main.UNEXPECTED)
    assert told["message"] == "dokkupy itself failed: ZeroDivisionError: by zero"


@pytest.mark.usefixtures("root")
@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_nothing_takes_is_told_as_a_full_disk(unbuffered: str) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "dokkupy", "apps", "list"],
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == StateError.exit_code
    assert done.stderr.startswith("Error: The disk that the output goes to is full.\n  -> ")


def test_what_goes_to_a_program_is_utf_8_whatever_the_locale(root: Paths) -> None:
    store = Store(root.state_db)
    store.config.change(AppName("shop"), {"NAME": "žluť ☃"}, ())
    store.close()
    other = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "dokkupy", "config", "get", "shop", "NAME"],
        env=os.environ | other,
        stdout=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert done.stdout.decode("utf-8") == "žluť ☃\n"


@pytest.mark.usefixtures("root")
def test_who_interrupts_a_plugin_learns_which_one_it_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def hung(_: list[str]) -> int:
        interruption = KeyboardInterrupt()
        interruption.add_note("Interrupted in the plugin slow.")
        raise interruption

    monkeypatch.setattr(main, "_run", hung)
    assert main.run(["apps", "list"]) == main.INTERRUPTED
    assert capsys.readouterr().err == "Interrupted in the plugin slow.\n"
