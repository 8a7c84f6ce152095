"""What a Dockerfile asks for: images, build arguments, secrets, BuildKit."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from dokkupy_builder_dockerfile.instructions import Instruction, parse, split

PREDEFINED_ARGS: Final = frozenset(
    spelled
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for spelled in (name, name.lower())
)
"""Arguments that every Dockerfile has without declaring them; they stay out of the history."""

_BUILDKIT_FLAGS: Final[Mapping[str, frozenset[str]]] = {
    "RUN": frozenset({"mount", "network", "security"}),
    "COPY": frozenset({"link", "chmod", "parents", "exclude"}),
    "ADD": frozenset({"link", "chmod", "checksum", "keep-git-dir", "exclude"}),
}
_VARIABLE: Final = re.compile(
    r"\\(?P<escaped>.)"
    r"|\$\{(?P<braced>\w+)(?:(?P<operator>:?[-+])(?P<word>[^}]*))?\}"
    r"|\$(?P<plain>\w+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A `RUN --mount=type=secret`."""

    id: str
    required: bool
    """False only where the Dockerfile says `required=false`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """The instructions of one Dockerfile, and what follows from them."""

    instructions: tuple[Instruction, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a Dockerfile; nonsense is left for the engine to refuse."""
        return cls(instructions=parse(text))

    @property
    def args(self) -> frozenset[str]:
        """Names of the arguments that are declared in any stage or before the first."""
        return frozenset(name for item in self._all("ARG") for name, _ in _pairs(item))

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets that its steps mount, each once, in the order of their first use."""
        found: dict[str, bool] = {}
        for mount in self._mounts():
            target = mount.get("target") or mount.get("dst") or mount.get("destination") or ""
            name = mount.get("id") or target.rpartition("/")[2]
            if mount.get("type", "").lower() == "secret" and name:
                required = mount.get("required", "true").lower() != "false"
                found[name] = found.get(name, False) or required
        return tuple(Secret(id=name, required=required) for name, required in found.items())

    @property
    def buildkit_features(self) -> tuple[str, ...]:
        """What it uses that only BuildKit knows, as a person writes it (`RUN --mount`)."""
        found: dict[str, None] = {}
        for item in self.instructions:
            known = _BUILDKIT_FLAGS.get(item.keyword, frozenset())
            found.update((f"{item.keyword} --{n}", None) for n, _ in item.flags if n in known)
            if item.heredoc:
                found[f"{item.keyword} <<"] = None
        return tuple(found)

    def images(self, args: Mapping[str, str]) -> tuple[str, ...]:
        """Return the images that must exist before a build with `args`, in order of first use.

        Stages, `scratch`, and references that stay empty or unresolved are left out.
        """
        outer = self._outer_args(args)
        stages: set[str] = set()
        found: dict[str, None] = {}
        for item in self.instructions:
            for reference in _references(item, outer):
                if reference.lower() not in stages and reference != "scratch":
                    found[reference] = None
            words = item.words
            if item.keyword == "FROM" and len(words) == 3 and words[1].upper() == "AS":
                stages.add(words[2].lower())
        return tuple(found)

    def _outer_args(self, args: Mapping[str, str]) -> dict[str, str]:
        """Return the arguments that `FROM` lines see: those declared before the first one."""
        values: dict[str, str] = {}
        for item in self.instructions:
            if item.keyword == "FROM":
                break
            if item.keyword == "ARG":
                for name, default in _pairs(item):
                    values[name] = args.get(name, expand(default, values))
        return values

    def _all(self, keyword: str) -> Iterator[Instruction]:
        return (item for item in self.instructions if item.keyword == keyword)

    def _mounts(self) -> Iterator[dict[str, str]]:
        for item in self._all("RUN"):
            yield from _mounts(item)


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace `$NAME`, `${NAME}`, `${NAME:-word}` and `${NAME:+word}`, and take quotes off."""

    def replace(match: re.Match[str]) -> str:
        if match["escaped"]:
            return match["escaped"]
        value = values.get(match["braced"] or match["plain"])
        operator = match["operator"] or ""
        # With the colon an empty value counts as unset.
        is_set = bool(value) if operator.startswith(":") else value is not None
        if operator.endswith("-"):
            return (value or "") if is_set else expand(match["word"], values)
        if operator.endswith("+"):
            return expand(match["word"], values) if is_set else ""
        return value or ""

    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    return _VARIABLE.sub(replace, text).replace('"', "")


def _pairs(item: Instruction) -> Iterator[tuple[str, str]]:
    """Yield name and default of each argument that an `ARG` declares."""
    for word in split(item.rest):
        name, _, default = word.partition("=")
        yield name.strip("\"'"), default


def _mounts(item: Instruction) -> Iterator[dict[str, str]]:
    for name, value in item.flags:
        if name == "mount":
            try:
                fields = next(csv.reader([value]), [])
            except csv.Error:  # the engine will say so
                continue
            yield {key.lower(): text for key, _, text in (f.partition("=") for f in fields)}


def _references(item: Instruction, outer: Mapping[str, str]) -> Iterator[str]:
    """Yield what may be an image in one instruction: a base, or the source of a copy."""
    if item.keyword == "FROM" and item.words:
        yield from filter(None, [expand(item.words[0], outer)])
    sources = [value for name, value in item.flags if name == "from" and item.keyword == "COPY"]
    if item.keyword == "RUN":
        sources += [mount["from"] for mount in _mounts(item) if "from" in mount]
    # A number counts stages; a variable is the engine's to resolve.
    yield from (s for s in sources if s and not s.isdigit() and "$" not in s)
