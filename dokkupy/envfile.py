"""Environment variables as text: for a shell, as lines of an env file, and as JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Final, Literal

from dokkupy.errors import UsageError
from dokkupy.names import EnvKey
from dokkupy.types import Environment

Format = Literal["env", "json", "shell"]

LARGEST_VALUE = 128 * 1024 - 1
"""Bytes of `KEY=VALUE` that Linux hands to a program (MAX_ARG_STRLEN, with its final NUL)."""

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes of all variables as text; what is longer is none of these formats."""

_LINE: Final = f"Write KEY=VALUE, KEY of {EnvKey.rule}; a value of several lines as in JSON."
_BINARY: Final = "Encode it as text, with base64 for example."


def dump(values: Mapping[str, str], form: Format) -> str:
    """Return the variables as text; `load` reads `env` and `json` back to the byte."""
    if form == "json":
        return json.dumps(dict(values), indent=2, ensure_ascii=False)
    if form == "shell":
        return "\n".join(f"export {key}={shlex.quote(value)}" for key, value in values.items())
    return "\n".join(
        f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in values.items()
    )


def load(text: str) -> Environment:
    """Read a JSON object of strings, or lines of `KEY=VALUE`.

    A value in double quotes is read with JSON's escapes, one in single quotes as it stands, any
    other to the end of its line. Blank lines, comments and a leading `export` are allowed.

    Raises:
        UsageError: it is neither; says which line.
    """
    if text.lstrip().startswith("{"):
        return _load_json(text)
    values = Environment()
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip("\r\t ")
        if line.startswith(("export ", "export\t")):
            line = line[len("export") :].lstrip("\t ")
        if not line or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if not equals:
            raise UsageError(f"Line {number} has no '='.", hint=_LINE)
        if not EnvKey.pattern.fullmatch(key):
            # Not repeated: it may well be a line of a secret that has several.
            raise UsageError(f"Line {number} has no environment key before its '='.", hint=_LINE)
        values[EnvKey(key)] = _unquoted(value, number)
    return check(values)


def check(values: Environment) -> Environment:
    """Return the variables if a program can be given them.

    Raises:
        UsageError: one is too large, holds a NUL, or is no text.
    """
    for key, value in values.items():
        if "\0" in value:
            raise UsageError(f"The value of {key} holds a NUL character.", hint=_BINARY)
        try:
            size = len(f"{key}={value}".encode())
        except UnicodeEncodeError:
            raise UsageError(f"The value of {key} is not valid Unicode.", hint=_BINARY) from None
        if size > LARGEST_VALUE:
            raise UsageError(
                f"The value of {key} is larger than the 128 KiB that Linux hands to a program.",
                hint="Keep it in a file or a volume, and its path in the variable.",
            )
    return values


def _load_json(text: str) -> Environment:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"It is not valid JSON: {error}.", hint='Write an object of texts: {"KEY": "VALUE"}.'
        ) from None
    wrong = [key for key, value in document.items() if not isinstance(value, str)]
    if wrong:
        raise UsageError(
            f"The value of {wrong[0]!a:.80} is no string.", hint='Write it in double quotes: "1".'
        )
    return check(Environment({EnvKey.parse(key): value for key, value in document.items()}))


def _unquoted(value: str, number: int) -> str:
    if value[:1] == "'" and value[-1:] == "'" and len(value) > 1:
        return value[1:-1]
    if value[:1] != '"':
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        raise UsageError(
            f"The quotes of line {number} do not close, or hold an unknown escape.",
            hint="Escape as JSON does, or use single quotes.",
        ) from None
