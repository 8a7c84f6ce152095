"""The Procfile: process name -> command line."""

from __future__ import annotations

from pathlib import Path

from dokkupy.errors import DokkupyError, UsageError
from dokkupy.names import ProcessName

MAX_BYTES = 64 * 1024
RELEASE = "release"
"""The line of the task that runs once before the switch."""
TEST = "test"
"""The line of the command that must succeed before what was built is released."""


def parse(text: str) -> dict[ProcessName, str]:
    """Return the processes of a Procfile in its order.

    Comments, blank lines and CRLF line ends are allowed.

    Raises:
        UsageError: a line has no `name: command`, or a name stands twice; says which line.
    """
    processes: dict[ProcessName, str] = {}
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        name, colon, command = line.partition(":")
        if not colon or not command.strip() or "\0" in line:
            raise _wrong(number, "is not of the form `name: command`")
        try:
            process = ProcessName.parse(name.strip())
        except DokkupyError as error:
            raise _wrong(number, f"has no usable name: {error.message[:-1]}") from None
        if process in processes:
            raise _wrong(number, f"names {process} a second time")
        processes[process] = command.strip()
    return processes


def read(tree: Path) -> dict[ProcessName, str]:
    """Return the processes of `tree/Procfile`; none when there is no such file.

    Raises:
        UsageError: it is not a regular UTF-8 file of at most 64 KiB, or `parse` refuses it.
    """
    path = tree / "Procfile"
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UsageError("Procfile is not a regular file.", hint="Commit it as a plain file.")
    if not path.exists():
        return {}
    if path.stat().st_size > MAX_BYTES:
        raise UsageError("Procfile is larger than 64 KiB.", hint="Keep one line per process in it.")
    try:
        return parse(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UsageError(
            "Procfile is not UTF-8 text.", hint="Save it as UTF-8 and push again."
        ) from None


def _wrong(number: int, what: str) -> UsageError:
    return UsageError(
        f"Line {number} of the Procfile {what}.",
        hint="Write one process per line, such as `web: python app.py`, and push again.",
    )
