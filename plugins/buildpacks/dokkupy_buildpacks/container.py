"""The container in which buildpacks run: its limits, its volume, its end."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Event, Timer
from typing import TYPE_CHECKING, Final, Self

from dokkupy.engine import ContainerSpec
from dokkupy.errors import DokkupyError
from dokkupy.sizes import MemorySize
from dokkupy.types import Mount
from dokkupy_buildpacks.assembly import APP, ROOT, STACK_LABEL
from dokkupy_buildpacks.failure import explain, out_of_memory, out_of_time
from dokkupy_buildpacks.lines import Lines

if TYPE_CHECKING:
    from dokkupy.builder import BuildRequest
    from dokkupy.engine import Engine
    from dokkupy_buildpacks.answer import Answer
    from dokkupy_buildpacks.builder import Stack
    from dokkupy_buildpacks.parcel import Parcel

VOLUME: Final = "/build"
PIDS: Final = 2048
SECONDS: Final = 3600
"""How long a build may take by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What a build may take."""

    memory: int
    """Bytes."""
    seconds: int

    @classmethod
    def of(cls, request: BuildRequest) -> Self:
        """Return what the app has set, else what the server allows."""
        memory, seconds = (request.properties.get(key) for key in ("build-memory", "build-timeout"))
        return cls(
            memory=MemorySize.parse(str(memory)).bytes if memory else request.limits.memory,
            seconds=int(str(seconds)) if seconds else SECONDS,
        )


def volume_of(owner: Mapping[str, str]) -> str:
    """Return the name of the volume that keeps the cache of the app with these labels."""
    word = hashlib.sha256(f"{owner[ROOT]}\0{owner[APP]}".encode()).hexdigest()[:16]
    return f"dokkupy-build-{word}"


@contextmanager
def answered(
    request: BuildRequest, stack: Stack, parcel: Parcel, answer: Answer, pool: Executor
) -> Iterator[None]:
    """Let buildpacks run on a stack; give the time of a block once their answer is whole.

    The container ends and goes during the block.

    Raises:
        BuildFailed: they failed, or took more than they may.
    """
    engine, app, caps = request.engine, request.source.app, Caps.of(request)
    container = _create(request, stack, caps)
    lines, whole, late = Lines(request.on_line), Event(), Event()

    def take(piece: bytes) -> None:
        answer.feed(piece)
        if answer.whole:
            whole.set()

    def stay() -> int:
        try:
            with parcel.sent() as stream:
                return engine.interact(container, stream, take, lines.feed)
        finally:
            whole.set()

    watch = _watch(engine, container, caps.seconds, late.set)
    try:
        running = pool.submit(stay)
        whole.wait()
        if not answer.whole:
            code = _code(running)
            lines.end()
            if late.is_set():
                raise out_of_time(app, caps.seconds)
            if engine.inspect(container).oom_killed:
                raise out_of_memory(app, caps.memory, lines.tail)
            raise explain(answer.header, code, app, lines.tail)
        going = pool.submit(engine.remove, container)
        yield
        going.result()
    finally:
        watch.cancel()
        # It has gone already, unless something went wrong.
        engine.remove(container)


def _code(running: Future[int]) -> int:
    try:
        return running.result()
    except ValueError:  # what it said is not what a build says
        return -1


def _create(request: BuildRequest, stack: Stack, caps: Caps) -> str:
    owner = {key: request.labels[key] for key in (ROOT, APP)}
    volume, kept = volume_of(owner), {**owner, STACK_LABEL: stack.name}
    if volume not in request.engine.volumes(kept):
        # What was compiled for one stack may not run on another.
        request.engine.remove_volume(volume)
    request.engine.ensure_volume(volume, kept)
    spec = ContainerSpec(
        name=f"{volume}-{uuid.uuid4().hex[:8]}",
        image=stack.build,
        command=("python3", "-I", "-S", "-c", _script()),
        labels=owner,
        network="bridge",
        mounts=(Mount(source=volume, target=VOLUME),),
        memory=caps.memory,
        cpu_shares=request.limits.cpu_shares,
        pids=PIDS,
        stdin=True,
        logged=False,
    )
    return request.engine.create(spec)


def _watch(engine: Engine, container: str, seconds: int, on_late: Callable[[], None]) -> Timer:
    def stop() -> None:
        on_late()
        with suppress(DokkupyError):
            engine.kill(container)

    watch = Timer(seconds, stop)
    watch.daemon = True
    watch.start()
    return watch


@cache
def _script() -> str:
    return (Path(__file__).parent / "lifecycle.py").read_text(encoding="utf-8")
