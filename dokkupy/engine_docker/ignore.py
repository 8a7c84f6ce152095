"""`.dockerignore`: which files of a build context are left at home.

The rules are those of Docker's reference ("Dockerfile reference", .dockerignore file): patterns
of Go's filepath.Match, `**` for any number of folders, `!` for exceptions; the last pattern that
matches a path, or a folder above it, decides.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of the file."""

    text: str
    """Cleaned: no `!`, no leading or trailing slash, no `.` or `..` components."""
    exception: bool
    regex: re.Pattern[str]

    @classmethod
    def parse(cls, line: str) -> Self | None:
        """Read a line; None when there is no pattern in it, or none that could ever match."""
        bare = line.strip()
        exception = bare.startswith("!")
        bare = bare[exception:].strip()
        if not bare or bare.startswith("#"):
            return None
        text = posixpath.normpath(f"/{bare}").strip("/")
        try:
            return cls(text, exception, re.compile(_regex(text), re.DOTALL)) if text else None
        except re.error:
            return None

    def may_match_below(self, folder: str) -> bool:
        """Say whether something inside `folder` could match."""
        return self.text.startswith(f"{folder}/") or re.search(r"[*?\[\\]", self.text) is not None


def parse(text: str) -> list[Pattern]:
    """Read the patterns of a `.dockerignore`."""
    found = (Pattern.parse(line) for line in text.removeprefix("\ufeff").splitlines())
    return [pattern for pattern in found if pattern is not None]


def kept(context: Path, patterns: Sequence[Pattern]) -> Iterator[str]:
    """Yield the paths below `context`, folders too, that no pattern takes out."""
    yield from _kept(context, "", patterns, (False,) * len(patterns))


def _kept(
    context: Path, folder: str, patterns: Sequence[Pattern], above: Sequence[bool]
) -> Iterator[str]:
    with os.scandir(context / folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        path = f"{folder}/{entry.name}" if folder else entry.name
        matched = [
            parent or pattern.regex.fullmatch(path) is not None
            for pattern, parent in zip(patterns, above, strict=True)
        ]
        deciding = next((p for p, m in zip(patterns[::-1], matched[::-1], strict=True) if m), None)
        out = deciding is not None and not deciding.exception
        if not out:
            yield path
        if entry.is_dir(follow_symlinks=False) and not (out and not _excepts(patterns, path)):
            yield from _kept(context, path, patterns, matched)


def _excepts(patterns: Sequence[Pattern], folder: str) -> bool:
    return any(pattern.exception and pattern.may_match_below(folder) for pattern in patterns)


def _regex(text: str) -> str:
    """Translate a cleaned pattern; raises `re.error` later when its brackets do not close."""
    result, rest = "", text
    while rest:
        if rest.startswith("**/"):
            result, rest = f"{result}(?:.*/)?", rest[3:]
        elif rest.startswith("**"):
            result, rest = f"{result}.*", rest[2:]
        elif rest[0] == "*":
            result, rest = f"{result}[^/]*", rest[1:]
        elif rest[0] == "?":
            result, rest = f"{result}[^/]", rest[1:]
        elif match := re.match(r"\[(\^?)((?:\\.|[^\]\\])+)\]", rest, re.DOTALL):
            inside = re.sub(r"\\?([^\\-])", lambda m: re.escape(m[1]), match[2])
            result, rest = f"{result}[{match[1]}{inside}]", rest[match.end() :]
        elif rest[0] == "\\" and len(rest) > 1:
            result, rest = result + re.escape(rest[1]), rest[2:]
        else:
            result, rest = result + re.escape(rest[0]), rest[1:]
    return result
