"""The command line from words to exit code, with operations that tests bring along."""

from __future__ import annotations

import io
import json
import os
import pty
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dokkupy import __version__
from dokkupy.cli.main import run
from dokkupy.errors import NotFound
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.store import Store

from .probe_plugin import OPERATIONS, PLUGIN

if TYPE_CHECKING:
    from tests.unit.conftest import Site


@pytest.fixture
def root(site: Site, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a root with the operations above, chosen by the environment."""
    site.install("probe", PLUGIN, operations=OPERATIONS)
    monkeypatch.setenv("DOKKUPY_PLUGINS", "probe")
    monkeypatch.setenv("DOKKUPY_ROOT", str(paths.root))
    monkeypatch.delenv("DOKKUPY_ACTOR", raising=False)
    return paths.root


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(root: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Give a function that runs words and returns exit code, stdout and stderr."""

    def call(*words: str) -> tuple[int, str, str]:
        code = run(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_a_noun_and_a_verb_run_an_operation(call: Call) -> None:
    assert call("probe", "report", "a") == (0, "app:   a\nwords: 1\n", "")


def test_the_colon_spelling_means_the_same(call: Call) -> None:
    assert call("probe:report", "a") == call("probe", "report", "a")


def test_a_noun_alone_means_its_default_operation(call: Call) -> None:
    assert call("probe", "a") == call("probe", "report", "a")


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "probe", "report", "a"),
        ("probe", "--json", "report", "a"),
        ("probe", "report", "--json", "a"),
        ("probe:report", "a", "--json"),
    ],
)
def test_json_may_be_asked_for_anywhere(call: Call, words: tuple[str, ...]) -> None:
    code, out, err = call(*words)
    assert (code, json.loads(out), err) == (0, {"app": "a", "words": 1}, "")


def test_global_stands_for_the_app(call: Call) -> None:
    assert call("probe", "scope", "--number", "2", "--global")[1] == "('', 2)\n"
    assert call("probe", "scope", "a")[1] == "('a', 1)\n"


def test_the_lines_of_a_long_operation_come_before_its_result(call: Call) -> None:
    assert call("probe", "work", "a") == (0, "step one\napp:   a\nwords: 2\n", "careful\n")
    code, out, err = call("probe", "work", "a", "--json")
    assert (code, json.loads(out), err) == (0, {"app": "a", "words": 2}, "step one\ncareful\n")


def test_an_error_gives_its_exit_code_and_is_told_on_stderr(call: Call) -> None:
    assert call("probe", "fail") == (
        6,
        "step one\n",
        "Error: Bob is at work on a.\n  since noon\n  -> Wait for Bob.\n",
    )
    code, out, err = call("probe", "fail", "--json")
    *progress, told = err.splitlines()
    assert (code, out, progress) == (6, "", ["step one"])
    body = json.loads(told)
    assert body["error"]["code"] == "locked"
    assert body["error"]["exit_code"] == 6


def test_an_unexpected_failure_is_one_sentence_and_its_traceback_on_request(call: Call) -> None:
    code, out, err = call("probe", "crash")
    assert (code, out) == (70, "")
    assert err.splitlines() == [
        "Error: dokkupy itself failed: ZeroDivisionError: by zero",
        "  -> See where: add --debug to the same command",
    ]
    assert "Traceback" in call("probe", "crash", "--debug")[2]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("probe", "report"), "dokkupy probe report --help"),
        (("probe", "report", "a", "b", "c"), "dokkupy probe report --help"),
        (("probe", "scope", "a", "--bogus"), "--bogus"),
        (("probe", "scope", "a", "--number", "x"), "not a whole number"),
        (("probe", "report", "A"), "not a valid app name"),
        (("probe", "reprot", "a", "b"), "Did you mean: dokkupy probe report"),
        (("prob",), "Did you mean: dokkupy probe"),
        (("xyzzy",), "dokkupy --help"),
        (("", "x"), "There is no command"),
        (("--root", "/r", "--root", "/s", "probe"), "twice"),
        (("--bogus",), "--bogus"),
    ],
)
def test_a_wrong_request_is_explained_with_exit_code_two(
    call: Call, words: tuple[str, ...], complaint: str
) -> None:
    code, out, err = call(*words)
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert complaint in err
    assert "\n  -> " in err


def test_an_unknown_app_is_not_found_with_near_names(call: Call, paths: Paths) -> None:
    store = Store(paths.state_db)
    store.apps.create(AppName("hello"))
    store.close()
    code, _, err = call("config", "show", "helo")
    assert code == NotFound.exit_code
    assert "App helo does not exist" in err
    assert "hello" in err


def test_an_empty_list_says_so_to_people_and_is_empty_for_programs(call: Call) -> None:
    assert call("probe", "list") == (0, "Nothing yet.\n", "")
    assert call("probe", "list", "--json") == (0, "[]\n", "")


def test_a_command_keeps_its_words_and_its_exit_code(call: Call) -> None:
    assert call("probe", "execute", "a", "ls", "-l", "--json") == (
        37,
        "['ls', '-l', '--json']\n",
        "",
    )


def test_stdin_reaches_the_operation(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\x00")))
    assert call("probe", "read") == (0, "ff00\n", "")


def test_the_actor_is_the_ssh_key_or_the_unix_user(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("probe", "whoami")[1] not in ("", "\n", "laptop\n")
    monkeypatch.setenv("DOKKUPY_ACTOR", "laptop")
    assert call("probe", "whoami")[1] == "laptop\n"


def test_without_a_terminal_nothing_is_destroyed_unless_forced(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\n")))
    code, out, err = call("probe", "destroy", "a")
    assert (code, out) == (5, "")
    assert "-> dokkupy probe destroy a --force" in err
    assert call("probe", "destroy", "a", "--force") == (0, "a is gone, forced=True\n", "")


@pytest.mark.parametrize(("typed", "code"), [("a\n", 0), ("b\n", 5), ("\n", 5)])
def test_on_a_terminal_the_name_is_typed_again(root: Path, typed: str, code: int) -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed.encode())
        done = subprocess.run(
            [sys.executable, "-m", "dokkupy", "probe", "destroy", "a"],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env=_environment(),
            timeout=60,
            check=False,
        )
        assert done.returncode == code
        assert (b"a is gone" in done.stdout) == (code == 0)
        assert b"Type a to go on:" in os.read(ours, 4096)
    finally:
        os.close(ours)
        os.close(theirs)


def _environment() -> dict[str, str]:
    """Return our environment with what the tests put on `sys.path`."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def test_a_hook_that_failed_beside_the_work_is_a_warning(call: Call) -> None:
    code, out, err = call("probe", "hook", "a")
    assert (code, out) == (0, "")
    assert err.startswith(
        "Warning: The plugin probe (dokkupy-plugin-probe 1.2.3), hook app_created"
    )
    assert "\n  -> dokkupy plugin disable probe\n" in err


def test_who_stops_following_is_told_that_the_work_goes_on(call: Call) -> None:
    code, out, err = call("probe", "wait", "a")
    assert (code, out) == (128 + signal.SIGINT, "waiting\n")
    assert "the work itself goes on" in err
    assert "dokkupy releases list a" in err


def test_help_lists_the_commands_and_imports_none_of_them(call: Call) -> None:
    call("probe", "list")
    for name in list(sys.modules):
        if name.startswith("probe_probe"):
            del sys.modules[name]
    for words in ((), ("--help",), ("help",), ("probe", "--help"), ("probe:help",)):
        code, out, err = call(*words)
        assert (code, err) == (0, "")
        assert out.startswith("Usage: dokkupy ")
        assert "probe" in out
        assert "report" in out
    assert "probe_probe.operations" not in sys.modules


@pytest.mark.parametrize(
    "words",
    [
        ("probe", "scope", "--help"),
        ("probe:scope", "-h"),
        ("help", "probe", "scope"),
        ("help", "probe:scope"),
    ],
)
def test_help_of_a_command_is_its_docstring_and_parameters(
    call: Call, words: tuple[str, ...]
) -> None:
    code, out, err = call(*words)
    assert (code, err) == (0, "")
    assert "Usage: dokkupy probe scope" in out
    assert "as the long help says" in out
    assert "APP|--global" in out
    assert "How many [default: 1]" in out
    assert "--json" in out
    assert "Raises" not in out


def test_the_version_is_told_without_a_root(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOKKUPY_ROOT", "/nonexistent/root")
    assert call("--version") == (0, f"dokkupy {__version__}\n", "")


def test_the_option_chooses_the_root_before_the_variable(call: Call, tmp_path: Path) -> None:
    code, _, err = call("--root", str(tmp_path / "other"), "apps", "list")
    assert code == 15
    assert f"{tmp_path}/other" in err


def test_a_broken_plugin_answers_its_own_commands_and_leaves_the_others_alone(
    call: Call, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install("sick", "raise RuntimeError('no luck')", version="7.8.9")
    monkeypatch.setenv("DOKKUPY_PLUGINS", "probe,sick")
    assert call("probe", "list")[0] == 0
    code, _, err = call("sick:create", "x")
    assert code == 14
    assert "sick (dokkupy-plugin-sick 7.8.9) is broken" in err
    assert "no luck" in err
    assert "-> dokkupy plugin install --upgrade sick, or dokkupy plugin disable sick" in err


def test_disabling_a_plugin_takes_its_commands_away_and_enabling_brings_them_back(
    call: Call,
) -> None:
    code, out, _ = call("plugin", "disable", "probe")
    assert code == 0
    assert "state:        disabled" in out
    code, _, err = call("probe", "list")
    assert code == 14
    assert "-> dokkupy plugin enable probe" in err
    call("plugin:enable", "probe")
    assert call("probe", "list")[0] == 0


def test_plugins_are_listed_with_version_state_and_reason(call: Call, site: Site) -> None:
    site.install("sick", "raise RuntimeError('no luck')", version="7.8.9")
    os.environ["DOKKUPY_PLUGINS"] = "probe,sick"
    rows = {row["name"]: row for row in json.loads(call("plugin", "list", "--json")[1])}
    assert (rows["probe"]["version"], rows["probe"]["state"]) == ("1.2.3", "enabled")
    assert rows["probe"]["hooks"] == 2
    assert (rows["sick"]["version"], rows["sick"]["state"]) == ("7.8.9", "broken")
    assert "no luck" in rows["sick"]["reason"]
    assert "dokkupy plugin disable sick" in rows["sick"]["reason"]
    shown = json.loads(call("plugin", "show", "probe", "--json")[1])
    assert "probe report" in shown["commands"]
    assert shown["hooks"] == ["app_created", "register_operations"]
    hooks = json.loads(call("plugin", "hooks", "--json")[1])
    assert {"hook": "app_created", "place": 1, "plugin": "probe", "version": "1.2.3"} in hooks
    assert call("plugin", "show", "nobody")[0] == 3


def test_whoever_stops_reading_gets_no_traceback(root: Path) -> None:
    command = f"{sys.executable} -m dokkupy --help | true"
    done = subprocess.run(
        ["sh", "-c", command], env=_environment(), capture_output=True, timeout=60, check=False
    )
    assert done.stderr == b""


def test_a_command_without_any_streams_does_its_work(root: Path) -> None:
    command = f"{sys.executable} -m dokkupy probe descriptor {root}/taken <&- >&- 2>&-"
    done = subprocess.run(["sh", "-c", command], env=_environment(), timeout=60, check=False)
    assert done.returncode == 0
    assert int((root / "taken").read_text()) > 2


def test_text_that_the_terminal_cannot_show_does_not_stop_the_command(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dokkupy", "probe", "execute", "a", "ü🎉"],
        env=_environment() | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (37, b"['\\xfc\\U0001f389']\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only the super-user can become somebody else")
@pytest.mark.parametrize(("sudo", "actor"), [("", "root"), ("ada", "ada")])
def test_the_super_user_goes_on_as_the_owner_of_the_root(
    tmp_path_factory: pytest.TempPathFactory, sudo: str, actor: str
) -> None:
    program = """
import os, sys
from pathlib import Path
from dokkupy.cli.owner import become_owner
root, environment = Path(sys.argv[1]), {"SUDO_USER": sys.argv[2]}
become_owner(root, environment)
print(os.getresuid(), os.getresgid(), environment["DOKKUPY_ACTOR"], environment["USER"])
"""
    root = tmp_path_factory.mktemp("owned")
    nobody = pwd.getpwnam("nobody")
    os.chown(root, nobody.pw_uid, nobody.pw_gid)
    done = subprocess.run(
        [sys.executable, "-c", program, str(root), sudo],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    uid, gid = (nobody.pw_uid,) * 3, (nobody.pw_gid,) * 3
    assert done.stdout == f"{uid} {gid} {actor} nobody\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only the super-user can become somebody else")
def test_a_root_of_a_user_who_is_no_more_is_refused(call: Call, root: Path) -> None:
    os.chown(root, 61234, 61234)
    code, _, err = call("probe", "list")
    assert code == 15
    assert "61234" in err
