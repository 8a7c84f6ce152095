"""The two things that the engine must know of a Dockerfile: does it run anything, where labels go.

The classic builder makes a container and an image for each label at the end of a build, 80 ms
apiece, every time. One LABEL line before the app's own files are copied is made once and cached,
and the steps before it are still shared between apps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from dokkupy.engine import STAGE

_ESCAPE: Final = re.compile(r"#\s*escape\s*=\s*([\\`])\s*", re.IGNORECASE)
_DIRECTIVE: Final = re.compile(r"#\s*\w+\s*=.*")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:@+-]*")
_STAGE_NAME: Final = re.compile(r"\sAS\s+(\S+)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction, its continued lines joined."""

    line: int
    """Index of its first line."""
    keyword: str
    """Upper-case."""
    rest: str


def bases_if_nothing_runs(text: str) -> list[str] | None:
    """Return the base images of a Dockerfile without RUN, or None when it may run something.

    None also where the bases cannot be told by reading: a variable in FROM, another syntax.
    """
    if re.match(r"\s*#\s*syntax\s*=", text, re.IGNORECASE):
        return None
    bases: list[str] = []
    stages: set[str] = set()
    for instruction in instructions(text):
        if instruction.keyword in ("RUN", "ONBUILD"):
            return None
        if instruction.keyword != "FROM":
            continue
        words = [word for word in instruction.rest.split() if not word.startswith("--")]
        if not words or "$" in instruction.rest:
            return None
        if words[0].lower() not in stages | {"scratch"}:
            bases.append(words[0])
        if name := _STAGE_NAME.search(instruction.rest):
            stages.add(name[1].lower())
    return bases


def are_plain(labels: Mapping[str, str]) -> bool:
    """Say whether no label needs quotes in a Dockerfile."""
    return all(_PLAIN.fullmatch(text) for pair in labels.items() for text in pair)


def with_labels(text: str, labels: Mapping[str, str]) -> str:
    """Return the Dockerfile with one LABEL line for all `labels` in its last stage.

    The stages before get them too, with `STAGE`, where they begin to read the source: what they
    leave is then known to be nobody else's. The labels must pass `are_plain`.
    """
    if not labels:
        return text
    places: list[int | None] = []
    for instruction in instructions(text):
        if instruction.keyword == "FROM":
            places.append(None)
        elif places and places[-1] is None and _reads_context(instruction):
            places[-1] = instruction.line
    lines = text.split("\n")
    if not places or places[-1] is None:
        lines = [*text.rstrip("\n").split("\n"), ""]
    *before, last = places or [None]
    # The last stage may be made of one before.
    own = {**labels, STAGE: ""} if before else labels
    lines.insert(len(lines) - 1 if last is None else last, _label(own))
    for place in reversed(before):
        if place is not None:
            lines.insert(place, _label({**labels, STAGE: "build"}))
    return "\n".join(lines)


def _label(labels: Mapping[str, str]) -> str:
    return "LABEL " + " ".join(f"{key}={labels[key]}" for key in sorted(labels))


def _reads_context(instruction: Instruction) -> bool:
    return instruction.keyword in ("COPY", "ADD") and "--from=" not in instruction.rest


def instructions(text: str) -> Iterator[Instruction]:
    """Yield the instructions of a Dockerfile, without comments."""
    escape = "\\"
    joined, start = "", -1
    at_top = True
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n")):
        bare = line.strip()
        at_top = at_top and _DIRECTIVE.fullmatch(bare) is not None
        if at_top and (directive := _ESCAPE.fullmatch(bare)):
            escape = directive[1]
        if not bare or bare.startswith("#"):
            continue
        if start < 0:
            start = number
        joined += bare.removesuffix(escape)
        if bare.endswith(escape):
            continue
        keyword, *rest = joined.split(None, 1)
        yield Instruction(line=start, keyword=keyword.upper(), rest="".join(rest))
        joined, start = "", -1
