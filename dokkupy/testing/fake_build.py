"""How the fake engine builds: it reads a Dockerfile and believes what it says."""

from __future__ import annotations

import hashlib
import itertools
import json
import posixpath
import re
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dokkupy.engine import ImageBuild
from dokkupy.engine_docker.context import read_dockerfile
from dokkupy.engine_docker.dockerfile import Instruction, instructions
from dokkupy.errors import BuildFailed, ImageNotFound

_EXIT = re.compile(r"(?:.*(?:;|&&)\s*)?(?:exit (?P<code>\d+)|(?P<false>false))")


@dataclass(slots=True, kw_only=True)
class FakeImage:
    """An image's config."""

    id: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    exposed_ports: set[int] = field(default_factory=set)
    env: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    """Path -> content of what was copied into it."""
    created_at: float = field(default_factory=time.time)

    @classmethod
    def named_by(cls, content: object, **config: object) -> FakeImage:
        """Return an image whose id depends on `content`, as a digest does."""
        digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode())
        return cls(id=f"sha256:{digest.hexdigest()}", **config)  # type: ignore[arg-type]


def build_image(
    build: ImageBuild, on_line: Callable[[str], None], find: Callable[[str], FakeImage]
) -> FakeImage:
    """Build as a Dockerfile says; `find` looks up a base image.

    `RUN` prints what it echoes and fails with `false` and `exit N`; copying looks for the file.

    Raises:
        BuildFailed, ImageNotFound: as for `Engine.build`.
    """
    text = read_dockerfile(build.context, build.dockerfile)
    steps = list(instructions(text))
    recipe = _Recipe(build, on_line, find)
    for number, step in enumerate(steps, 1):
        on_line(f"Step {number}/{len(steps)} : {step.keyword} {step.rest}")
        recipe.apply(step)
    if recipe.image is None:
        raise BuildFailed("The Dockerfile has no FROM.", hint="Begin it with FROM IMAGE.")
    recipe.image.labels |= build.labels
    content = [recipe.base_ids, text, _digests(build.context), dict(build.labels), dict(build.args)]
    recipe.image.id = FakeImage.named_by(content).id
    return recipe.image


class _Recipe:
    def __init__(
        self, build: ImageBuild, on_line: Callable[[str], None], find: Callable[[str], FakeImage]
    ) -> None:
        self._build = build
        self._on_line = on_line
        self._find = find
        self._args: dict[str, str] = {}
        self._stages: dict[str, FakeImage] = {}
        self.base_ids: list[str] = []
        self.image: FakeImage | None = None

    def apply(self, step: Instruction) -> None:
        # A command's variables are the shell's.
        shell = step.keyword in ("RUN", "CMD", "ENTRYPOINT")
        rest = step.rest if shell else self._expanded(step.rest)
        if step.keyword == "ARG":
            key, _, default = rest.partition("=")
            self._args[key] = self._build.args.get(key, default)
        elif step.keyword == "FROM":
            self._begin_stage(rest.split())
        elif step.keyword == "RUN":
            self._run(rest)
        elif step.keyword in ("COPY", "ADD"):
            self._copy(shlex.split(rest))
        elif self.image is not None:
            _configure(self.image, step.keyword, rest)

    def _begin_stage(self, words: list[str]) -> None:
        base = self._stages.get(words[0]) or self._base(words[0])
        self.image = FakeImage(
            labels=dict(base.labels),
            entrypoint=base.entrypoint,
            command=base.command,
            exposed_ports=set(base.exposed_ports),
            env=dict(base.env),
        )
        if len(words) == 3 and words[1].upper() == "AS":
            self._stages[words[2]] = self.image

    def _base(self, reference: str) -> FakeImage:
        if reference == "scratch":
            return FakeImage()
        try:
            base = self._find(reference)
        except ImageNotFound as error:
            raise ImageNotFound(
                f"The base image {reference} is not on this host and cannot be pulled.",
                hint=f"See why: docker pull {reference}",
                detail=error.message,
            ) from error
        self.base_ids.append(base.id)
        return base

    def _run(self, command: str) -> None:
        if command.startswith("--mount") and not (self._build.buildkit or self._build.secrets):
            raise BuildFailed("the --mount option requires BuildKit", hint="Ask for BuildKit.")
        words = list(shlex.shlex(command, posix=True, punctuation_chars=True))
        if words[:1] == ["echo"]:
            said = itertools.takewhile(lambda word: word not in (";", "&&"), words)
            self._on_line(" ".join(list(said)[1:]))
        if failed := _EXIT.fullmatch(command):
            code = failed["code"] or "1"
            if code != "0":
                raise BuildFailed(
                    f"The command '/bin/sh -c {command}' returned a non-zero code: {code}"
                )

    def _copy(self, words: list[str]) -> None:
        stages = [word.removeprefix("--from=") for word in words if word.startswith("--from=")]
        if stages:
            self._stages.get(stages[0]) or self._base(stages[0])
            return
        *sources, target = [word for word in words if not word.startswith("--")]
        for source in sources:
            pattern = source.strip("./")
            if pattern and not list(self._build.context.glob(pattern)):
                raise BuildFailed(f"COPY failed: {source}: file does not exist")
            folder = self._build.context / pattern
            if self.image is not None and target.startswith("/") and folder.is_dir():
                self.image.files |= {
                    posixpath.join(target, path.relative_to(folder)): path.read_bytes()
                    for path in folder.rglob("*")
                    if path.is_file() and not path.is_symlink()
                }

    def _expanded(self, text: str) -> str:
        known = {**self._args, **(self.image.env if self.image else {})}
        return re.sub(r"\$\{?(\w+)\}?", lambda match: known.get(match[1], ""), text)


def _configure(image: FakeImage, keyword: str, rest: str) -> None:
    if keyword in ("ENV", "LABEL"):
        pairs = (word.partition("=") for word in shlex.split(rest))
        config = image.env if keyword == "ENV" else image.labels
        config.update({key: value for key, _, value in pairs})
    elif keyword == "EXPOSE":
        image.exposed_ports |= {int(port.partition("/")[0]) for port in rest.split()}
    elif keyword == "CMD":
        image.command = _command(rest)
    elif keyword == "ENTRYPOINT":
        image.entrypoint, image.command = _command(rest), ()


def _command(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text)) if text.startswith("[") else ("/bin/sh", "-c", text)


def _digests(context: Path) -> Mapping[str, str]:
    files = (
        path for path in sorted(context.rglob("*")) if path.is_file() and not path.is_symlink()
    )
    return {
        str(path.relative_to(context)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }
