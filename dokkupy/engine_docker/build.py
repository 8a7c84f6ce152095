"""Builds by the engine's classic builder: slower than BuildKit, and held to its memory limit."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from dokkupy.engine_docker import docker_config, ignore, registry
from dokkupy.engine_docker.client import Client, matching
from dokkupy.engine_docker.context import IGNORE_FILE, ignore_text, tarball
from dokkupy.engine_docker.dockerfile import are_plain, with_labels
from dokkupy.engine_docker.logs import LONGEST
from dokkupy.engine_docker.refusals import vanished
from dokkupy.engine_docker.wire import Stream, messages, open_stream
from dokkupy.errors import BuildFailed, DokkupyError, EngineError, ImageNotFound

if TYPE_CHECKING:
    from dokkupy.engine import ImageBuild

MIB: Final = 1024 * 1024

_STEP: Final = re.compile(r"Step \d+/\d+ : (?P<keyword>\S+)\s*(?P<rest>.*)", re.DOTALL)
_RUNNING: Final = re.compile(r" ---> Running in (?P<container>[0-9a-f]+)")
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
"""The builder paints what a step writes to stderr."""
_NO_IMAGE: Final = re.compile(r"invalid from flag value (?P<image>\S+): ")


def build_classic(
    client: Client, build: ImageBuild, dockerfile: str, on_line: Callable[[str], None]
) -> str:
    """Build an image and return its id; `dockerfile` is the text of `build.dockerfile`.

    Raises:
        BuildFailed: a step failed, or needed more than its memory limit.
        ImageNotFound: a base image is neither here nor to be had.
    """
    started = time.time()
    progress = _Progress(on_line)
    try:
        with _begin(client, build, dockerfile) as stream:
            for message in messages(stream):
                progress.take(message)
    except EngineError as error:
        # Nothing was built yet: the Dockerfile itself is refused.
        if "dockerfile" not in error.message.lower():
            raise
        raise BuildFailed(error.message, hint="Mend the Dockerfile.") from error
    if progress.error:
        killed = progress.container and _ran_out_of_memory(client, progress.container, started)
        raise progress.failure(build.memory if killed else 0)
    if not progress.image:
        raise vanished()
    return progress.image


def _begin(client: Client, build: ImageBuild, dockerfile: str) -> Stream:
    ignored = ignore_text(build.context)
    plain = are_plain(build.labels)
    text = with_labels(dockerfile, build.labels) if plain else dockerfile
    name = f".dockerfile-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    # The engine reads both, and `COPY . .` must not see what was not in the source.
    extra = {name: text, IGNORE_FILE: f"{ignored or IGNORE_FILE}\n{name}\n"}
    names = ignore.kept(build.context, ignore.parse(ignored))
    return open_stream(
        client.socket,
        "POST",
        "/build",
        query={
            "dockerfile": name,
            "rm": "1",
            "forcerm": "1",
            "nocache": str(int(build.no_cache)),
            "buildargs": json.dumps(docker_config.proxy_args() | dict(build.args)),
            "labels": json.dumps({} if plain else dict(build.labels)),
            "memory": str(build.memory),
            # Equal to memory: no swap, so that the limit is the limit.
            "memswap": str(build.memory),
            "cpushares": str(build.cpu_shares),
        },
        headers={"Content-Type": "application/x-tar", **registry.build_headers(client.logins())},
        body=tarball(build.context, names, extra),
        timeout=None,
    )


def _ran_out_of_memory(client: Client, container: str, since: float) -> bool:
    """Ask the engine's events whether the kernel killed something in a container for memory."""
    # The end must be in the past, or the engine waits for it; a whole second may be too early.
    query = {"since": f"{since:.6f}", "until": f"{time.time():.6f}"}
    query["filters"] = matching(event="oom")
    with open_stream(client.socket, "GET", "/events", query=query) as stream:
        events: Iterator[dict[str, Any]] = messages(stream)
        return any(event["Actor"]["ID"].startswith(container) for event in events)


class _Progress:
    """Turns the builder's messages into lines, and remembers what a failure must name."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._partial = ""
        self._keyword = ""
        self._rest = ""
        self._tail: list[str] = []
        self.image = ""
        self.error = ""
        self.container = ""

    def take(self, message: dict[str, Any]) -> None:
        if "error" in message:
            self.error = message["error"]
        elif "aux" in message:
            self.image = message["aux"].get("ID", self.image)
        else:
            self._text(message.get("stream") or f"{message.get('status', '')}\n")
        if self._partial and (self.error or len(self._partial) > LONGEST):
            self._text("\n")

    def _text(self, text: str) -> None:
        *lines, self._partial = (self._partial + text).split("\n")
        for line in (_COLOUR.sub("", line).rstrip() for line in lines):
            if step := _STEP.fullmatch(line):
                self._keyword, self._rest, self.container = step["keyword"], step["rest"], ""
                self._tail.clear()
            elif running := _RUNNING.fullmatch(line):
                self.container = running["container"]
            elif line.startswith("Removing intermediate container"):
                continue
            else:
                self._tail = [*self._tail[-19:], line]
            if line:
                self._on_line(line)

    def failure(self, memory: int) -> DokkupyError:
        """Return what went wrong; `memory` is the limit that was hit, or 0."""
        copied = _NO_IMAGE.match(self.error)
        if copied or self._keyword.upper() == "FROM":
            image = copied["image"] if copied else self._rest.split()[-1:][0]
            return missing_base(image, self.error)
        if memory:
            return BuildFailed(
                f"The step needed more than the {memory // MIB} MiB of memory that a build may "
                f"take: {self._keyword} {self._rest}",
                detail="\n".join(self._tail),
            )
        return BuildFailed(self.error, detail="\n".join(self._tail))


def missing_base(image: str, reason: str) -> ImageNotFound:
    """Return the error for a base image that is not here and cannot be pulled."""
    return ImageNotFound(
        f"The base image {image} is not on this host and cannot be pulled.",
        hint=registry.pull_hint(image, reason),
        detail=reason,
    )
