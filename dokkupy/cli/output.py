"""How results and errors look on a terminal or in a pipe; nothing here decides anything."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from dokkupy.results import to_json
from dokkupy.sizes import in_units

if TYPE_CHECKING:
    from dokkupy.errors import DokkupyError
    from dokkupy.types import Line


def show_result(result: object, *, as_json: bool, empty: str = "", said: str = "") -> None:
    """Print a result to stdout: one JSON document, or text for people.

    `empty` is what people read instead of an empty list, `said` the line that they have just
    read and need not read twice.
    """
    if as_json:
        import json

        print_out(json.dumps(to_json(result), indent=2, ensure_ascii=False))
        return
    text = as_text(result, empty)
    if text is None or (said and text == said):
        return
    print_out(text.removesuffix(f"\n{said}") if said else text)


def show_line(line: Line, *, as_json: bool) -> None:
    """Print a line of a long operation at once; with `--json` stdout is kept for the result."""
    stream = sys.stderr if as_json or line.stream == "warning" else sys.stdout
    stream.write(line.text + "\n")
    stream.flush()


def show_item(item: object, *, as_json: bool) -> None:
    """Print one of the results that come one by one at once: a line of text, or of JSON."""
    if as_json:
        import json

        print_out(json.dumps(to_json(item), ensure_ascii=False))
    else:
        print_out(str(own()) if callable(own := getattr(item, "text", None)) else row(item))
    sys.stdout.flush()


def row(item: Any) -> str:
    """Return the fields of a result in one line."""
    return "  ".join(cell(getattr(item, field.name), field.name) for field in fields(item))


def show_error(error: DokkupyError, *, as_json: bool) -> None:
    """Print an error to stderr: cause, evidence, remedy; with `--json` as one line of JSON.

    It goes to stderr in both forms, so that stdout holds a result or nothing; as one line it is
    the last of the lines that a long operation has written there.
    """
    if as_json:
        import json

        say(json.dumps(error.as_dict(), ensure_ascii=False))
        return
    say(f"Error: {printable(error.message)}")
    for line in error.detail.splitlines():
        say(f"  {printable(line)}")
    say_hint(error.hint)


def show_warning(warning: DokkupyError) -> None:
    """Print what went wrong beside what was asked for to stderr."""
    say(f"Warning: {printable(warning.message)}")
    say_hint(warning.hint)


def say_hint(hint: str) -> None:
    """Print what to type next to stderr, if there is anything."""
    if hint:
        say(f"  -> {printable(hint)}")


def say(text: str, end: str = "\n") -> None:
    """Write to stderr, after what stdout has got so far."""
    sys.stdout.flush()
    sys.stderr.write(text + end)
    sys.stderr.flush()


def print_out(text: str) -> None:
    """Write text and a newline to stdout."""
    sys.stdout.write(text + "\n")


def as_text(result: Any, empty: str = "") -> str | None:
    """Return what people read, None when there is nothing to say."""
    if result is None:
        return None
    if callable(own := getattr(result, "text", None)):
        return str(own())
    if isinstance(result, Mapping):
        return "\n".join(f"{key}: {cell(value)}" for key, value in to_json(result).items())
    if isinstance(result, (list, tuple)):
        return _list(result, empty)
    if is_dataclass(result):
        return _pairs(result)
    return str(result)


def _list(results: Sequence[Any], empty: str) -> str | None:
    if not results:
        return empty or None
    if all(is_dataclass(item) and not callable(getattr(item, "text", None)) for item in results):
        heads = [field.name for field in fields(results[0])]
        rows = [[cell(getattr(item, head), head) for head in heads] for item in results]
        return table([head.replace("_", " ").upper() for head in heads], rows)
    return "\n".join(as_text(item) or "" for item in results)


def _pairs(result: Any) -> str:
    names = [field.name for field in fields(result)]
    width = max((len(name) for name in names), default=0) + 1
    return "\n".join(
        f"{name.replace('_', ' ') + ':':<{width}} {cell(getattr(result, name), name)}".rstrip()
        for name in names
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return aligned columns, two blanks between them."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in (heads, *rows)
    )


def cell(value: object, name: str = "") -> str:
    """Return a value on one line; what a terminal would obey is escaped."""
    plain = to_json(value)
    if isinstance(plain, float) and (name == "at" or name.endswith("_at")):
        text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(plain)) if plain else "never"
    elif name == "memory" and isinstance(plain, int):
        text = in_units(plain)
    elif name == "cpus" and isinstance(plain, float):
        text = f"{plain:g}" if plain else "no limit"
    elif isinstance(plain, bool):
        text = "yes" if plain else "no"
    elif isinstance(plain, dict):
        text = " ".join(f"{key}={cell(item)}" for key, item in plain.items())
    elif isinstance(plain, list):
        text = " ".join(map(cell, plain))
    else:
        text = "" if plain is None else str(plain)
    return printable(text)


def printable(text: str) -> str:
    """Return the text with everything escaped that a terminal would obey."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
