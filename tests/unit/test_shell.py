"""Which command lines a shell gives way to, shown by real shells."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy.shell import giving_way, of_line

ONE_PROGRAM = [
    ("python app.py", "exec python app.py"),
    ("gunicorn --bind 0.0.0.0:$PORT app:app", "exec gunicorn --bind 0.0.0.0:$PORT app:app"),
    ("gunicorn --workers $(nproc) app", "exec gunicorn --workers $(nproc) app"),
    ("DEBUG=1 LANG=C.UTF-8 ./serve", "DEBUG=1 LANG=C.UTF-8 exec ./serve"),
    ("node -e 'a(); b()'", "exec node -e 'a(); b()'"),
    ('echo "one & two; ${HOME}"', 'exec echo "one & two; ${HOME}"'),
    ("serve > log 2> errors", "exec serve > log 2> errors"),
    ('"$PROGRAM" --fast', 'exec "$PROGRAM" --fast'),
    (r"echo a\;b", r"exec echo a\;b"),
    ("  bin/web  ", "exec bin/web"),
]

LEFT_ALONE = [
    "migrate && serve",
    "cd app; python app.py",
    "serve | tee log",
    "serve &",
    "serve\nother",
    "(serve)",
    "{ serve; }",
    "exec serve",
    "cd app",
    ". ./env",
    "while true; do x; done",
    "if x; then y; fi",
    "! serve",
    "A='x y' serve",
    'echo "$(one; two)"',
    "echo `one`",
    "echo $(one && two)",
    "serve # a comment",
    "f() { x; }",
    "",
    "echo 'open",
    'echo "open',
    "echo end\\",
]


@pytest.mark.parametrize(("line", "wanted"), ONE_PROGRAM)
def test_a_shell_with_one_program_to_run_becomes_it(line: str, wanted: str) -> None:
    assert giving_way(of_line(line)) == ("sh", "-c", wanted)


@pytest.mark.parametrize("line", LEFT_ALONE)
def test_a_line_that_may_be_more_than_one_program_is_left_alone(line: str) -> None:
    assert giving_way(of_line(line)) == ("sh", "-c", line)


@pytest.mark.parametrize("command", [(), ("python", "app.py"), ("sh", "-c"), ("bash", "-c", "x")])
def test_what_is_no_shell_line_is_left_alone(command: tuple[str, ...]) -> None:
    assert giving_way(command) == command


def test_the_program_has_the_process_that_the_shell_had() -> None:
    script = "import os, sys; sys.exit(os.getppid() != int(sys.argv[1]))"
    parent = (
        "import os, subprocess, sys; sys.exit(subprocess.call([*sys.argv[1:], str(os.getpid())]))"
    )
    # The shell puts nothing between the two: our child's parent is the one that started the shell.
    line = f"python3 -c '{script}' \"$0\""
    command = ["python3", "-c", parent, *giving_way(of_line(line))]
    assert subprocess.run(command, check=False).returncode == 0


WORDS = st.sampled_from(
    ["/bin/echo", "/usr/bin/printf", "one", "two", "$V", "'a b'", '"c;d"', ";", "&&", "||", "|",
     "&", "(", ")", "{", "}", "#", "\\", "\n", "!", "if", "then", "fi", "A=1", "$(echo x)",
     "`echo y`", ">out"]
)  # fmt: skip


@given(words=st.lists(WORDS, max_size=7))
def test_a_line_prints_and_ends_the_same_whether_the_shell_gives_way_or_not(
    words: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    line = " ".join(words)
    changed = giving_way(of_line(line))
    if changed == of_line(line):
        return
    folder = tmp_path_factory.mktemp("shell")
    assert _ran(list(changed), folder) == _ran(["sh", "-c", line], folder)


def _ran(command: list[str], folder: Path) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        env={"V": "v", "PATH": "/usr/bin:/bin"},
        check=False,
    )
    written = folder / "out"
    text = written.read_bytes() if written.exists() else b""
    written.unlink(missing_ok=True)
    return done.returncode, done.stdout, text
