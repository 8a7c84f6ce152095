"""The lines of a Dockerfile as instructions: continuations joined, comments and heredocs gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_DIRECTIVE: Final = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*")
_DIRECTIVES: Final = frozenset({"syntax", "escape", "check"})
_WORD: Final = re.compile(r"""(?:[^\s"'\\]|\\.|\\$|"(?:[^"\\]|\\.)*"|'[^']*'|["'])+""", re.DOTALL)
_HEREDOC: Final = re.compile(r"""\d*<<(-?)(["']?)([^\s"'<>]+)\2""")
_TAKES_HEREDOC: Final = frozenset({"RUN", "COPY", "ADD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction, its continued lines joined."""

    keyword: str
    """Upper-case: `FROM`."""
    rest: str
    """Everything after the keyword."""
    heredoc: bool = False
    """Whether it is followed by at least one here-document, which is not part of `rest`."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words after the flags, quotes kept."""
        return self._split()[1]

    @property
    def flags(self) -> tuple[tuple[str, str], ...]:
        """The leading `--name=value` words as pairs."""
        return tuple(
            (name, value) for name, _, value in (f[2:].partition("=") for f in self._split()[0])
        )

    def _split(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        words = split(self.rest)
        first = next((i for i, w in enumerate(words) if not w.startswith("--")), len(words))
        return words[:first], words[first:]


def split(text: str) -> tuple[str, ...]:
    """Split at white space outside quotes; the quotes stay."""
    return tuple(_WORD.findall(text))


def parse(text: str) -> tuple[Instruction, ...]:
    """Read a Dockerfile; what is no instruction is kept as one, for the engine to refuse.

    The rules are those of the Dockerfile reference: parser directives only at the very top,
    the escape character ends a continued line, comments and blank lines inside one are skipped.
    """
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    start, escape = _directives(lines)
    return tuple(_instructions(lines[start:], escape))


def _directives(lines: list[str]) -> tuple[int, str]:
    """Return how many lines hold parser directives, and the escape character."""
    escape = "\\"
    for number, line in enumerate(lines):
        match = _DIRECTIVE.fullmatch(line.strip())
        if match is None or match[1].lower() not in _DIRECTIVES:
            return number, escape
        if match[1].lower() == "escape" and match[2] in ("\\", "`"):
            escape = match[2]
    return len(lines), escape


def _instructions(lines: list[str], escape: str) -> Iterator[Instruction]:
    e = re.escape(escape)
    continued = re.compile(rf"(?<!{e}){e}[ \t]*$")
    joined = ""
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        part, more = continued.subn("", line)
        joined += part
        if more:
            continue
        keyword, rest = _keyword_and_rest(joined)
        joined = ""
        length = _heredoc_length(keyword, rest, lines[number:])
        number += length
        yield Instruction(keyword=keyword, rest=rest, heredoc=length > 0)
    if joined.strip():
        keyword, rest = _keyword_and_rest(joined)
        yield Instruction(keyword=keyword, rest=rest)


def _keyword_and_rest(line: str) -> tuple[str, str]:
    keyword, *rest = line.split(None, 1)
    return keyword.upper(), rest[0].rstrip() if rest else ""


def _heredoc_length(keyword: str, rest: str, following: list[str]) -> int:
    """Return how many of the lines that follow belong to the here-documents of one line."""
    if keyword not in _TAKES_HEREDOC:
        return 0
    taken = 0
    for word in split(rest):
        match = _HEREDOC.fullmatch(word)
        if match is None:
            continue
        body = following[taken:]
        for number, line in enumerate(body):
            if (line.lstrip("\t") if match[1] else line) == match[3]:
                taken += number + 1
                break
        else:
            # No end: then it was no heredoc, and the engine shall say so.
            return 0
    return taken
