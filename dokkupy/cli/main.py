"""The entry point `dokkupy`: from the words of a command line to an exit code.

Measured on two cores with Python 3.11 (the fastest of 30 runs): a bare interpreter takes 12 ms,
`apps list` with all bundled plugins 72 ms, and `import typer` would add 30 to 45 ms to that. Typer
is therefore imported only when it has something to say: help, or words that `arguments.split`
does not take for a plain case.
Both ways end in the same `Given` and the same `perform`; a test holds them to the same reading.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from dokkupy import __version__
from dokkupy.cli import output
from dokkupy.cli.arguments import leading, merged, split
from dokkupy.cli.hangup import PIPE_CLOSED
from dokkupy.cli.lookup import find, uncoloned
from dokkupy.cli.owner import become_owner
from dokkupy.cli.perform import Settings, perform
from dokkupy.errors import DokkupyError, NotFound, StateError
from dokkupy.index import Index, current, folder, operation_of
from dokkupy.plugins import selection

INTERRUPTED = 130
"""128 + SIGINT, as shells count."""
UNEXPECTED = 70
"""EX_SOFTWARE of sysexits.h."""


def main() -> NoReturn:
    """Do what the words of the command line ask for and leave the process."""
    code = run(sys.argv[1:])
    with suppress(OSError):
        sys.stdout.flush()
    # Everything is closed and flushed; to take the interpreter down tidily would cost 5 ms more.
    os._exit(code)


def run(argv: Sequence[str]) -> int:
    """Do what the words ask for and return the exit code; every error has been printed."""
    words = list(argv)
    # A first guess for the case that the words cannot be read at all.
    as_json, debug = "--json" in words, "--debug" in words
    _open_streams()
    try:
        code = _run(words)
        sys.stdout.flush()
    except DokkupyError as error:
        output.show_error(error, as_json=as_json)
        return error.exit_code
    except KeyboardInterrupt as interruption:
        for note in getattr(interruption, "__notes__", ()):
            sys.stderr.write(f"{note}\n")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; nothing is left to tell, not even at exit.
        _drop_output()
        return PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 - the last line of defence
        if debug:
            import traceback

            traceback.print_exc()
        told = _explained(error, debug=debug)
        if isinstance(told, StateError):
            _drop_output()  # what waits in its buffer would fail again
        output.show_error(told, as_json=as_json)
        return told.exit_code
    return code


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Unexpected(DokkupyError):
    exit_code = UNEXPECTED
    code = "unexpected"


def _explained(error: Exception, *, debug: bool) -> DokkupyError:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" of {error.filename}" if error.filename else " that the output goes to"
        return StateError(f"The disk{where} is full.", hint="Make room: dokkupy cleanup")
    return _Unexpected(
        f"dokkupy itself failed: {type(error).__name__}: {error}",
        hint="" if debug else "See where: add --debug to the same command",
    )


def _run(words: list[str]) -> int:
    common, rest = leading(words)
    if rest == ["--version"]:
        output.print_out(f"dokkupy {__version__}")
        return 0
    settings = Settings.of(common)
    index = _index(settings)
    if "_DOKKUPY_COMPLETE" in os.environ:
        become_owner(settings.root, os.environ)
        from dokkupy.cli.completion import candidates

        for candidate in candidates(index, settings.root, words):
            output.print_out(candidate)
        return 0
    rest = _helpful(index, rest)
    if rest[:1] and rest[0] and rest[0] in index.commands:
        more, tail = leading(rest[1:])
        common, rest = merged(common, more), [rest[0], *tail]
    found = find(index, rest)
    if found is not None:
        operation = operation_of(index, found.command)
        given = split(operation.parameters, found.rest)
        if given is not None:
            try:
                return perform(operation, given, Settings.of(merged(common, given.common)))
            except NotFound as error:
                if found.by_default and error.message.startswith(f"App {found.rest[0]} "):
                    error.hint += f" (commands of {rest[0]}: dokkupy {rest[0]} --help)"
                raise
    from dokkupy.cli.commands import run_by_typer

    return run_by_typer(index, common, rest)


def _open_streams() -> None:
    """See to it that stdin, stdout and stderr are open, also where none was handed down.

    Else a file that is opened later, the state's for one, would take the number of one of them
    and get what a child prints.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        # What goes to a program is UTF-8 wherever it runs, or values would come out changed.
        asked = stream.isatty() or "PYTHONIOENCODING" in os.environ
        stream.reconfigure(encoding=None if asked else "utf-8", errors="backslashreplace")  # type: ignore[union-attr]


def _index(settings: Settings) -> Index:
    chosen = selection(settings.root, os.environ.get("DOKKUPY_PLUGINS"))
    return current(folder(settings.root), chosen)


def _helpful(index: Index, words: list[str]) -> list[str]:
    """Return `help apps create` and `apps:help` as `apps create --help` and `apps --help`."""
    words = uncoloned(words)
    if words[:1] == ["help"] and "help" not in index.commands[""]:
        return [*uncoloned(words[1:]), "--help"]
    if words[1:] == ["help"] and "help" not in index.commands.get(words[0], {}):
        return [words[0], "--help"]
    return words
