"""The engine protocol spoken with Docker."""

from __future__ import annotations

import math
import os
import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeVar

from dokkupy.engine import (
    ContainerFile,
    ContainerInfo,
    ContainerSpec,
    Finished,
    ImageBuild,
    ImageInfo,
    ImageLayer,
    Listener,
    NetworkSpec,
    RegistryLogin,
)
from dokkupy.engine_docker import images, listeners, logs, networks, pipes, sessions, usage
from dokkupy.engine_docker.client import Client, carrying
from dokkupy.engine_docker.container import container_config, container_info, image_info
from dokkupy.engine_docker.files import put_files, write_archive
from dokkupy.engine_docker.references import split_reference
from dokkupy.engine_docker.refusals import vanished
from dokkupy.engine_docker.wire import ANSWER_SECONDS, Stream, open_stream
from dokkupy.errors import Conflict, DokkupyError, ImageNotFound, NotFound, UsageError
from dokkupy.executable import Executable, architecture

DEFAULT_SOCKET: Final = Path("/var/run/docker.sock")
COUNTING_SECONDS: Final = 300.0
"""How long the engine may take to add up what it has."""
TRIMMING_SECONDS: Final = 60.0
"""How long the engine may take to let go of a part of its cache; it does so bit by bit."""
_LONGEST_POLL_MS: Final = 2**31 - 1
_Info = TypeVar("_Info")


class DockerEngine:
    """Docker on this host, by its socket; holds no connection between requests."""

    def __init__(
        self,
        socket: Path | None = None,
        *,
        logins: Callable[[], Sequence[RegistryLogin]] = tuple,
    ) -> None:
        self._client = Client(socket or _socket_from_environment(), logins)

    def warm(self) -> None:
        """Look for a client that does BuildKit while the caller does something else."""
        threading.Thread(target=_find_buildkit, name="warm-engine", daemon=True).start()

    def ping(self) -> str:
        return self._client.ping()

    def ensure_network(self, spec: NetworkSpec) -> None:
        networks.ensure(self._client, spec)

    def networks(self, labels: Mapping[str, str]) -> list[str]:
        found = self._client.get("/networks", filters=carrying(labels))
        return [raw["Name"] for raw in found]

    def subnets(self) -> list[str]:
        return networks.subnets(self._client.get("/networks"))

    def remove_network(self, name: str) -> None:
        with suppress(NotFound):
            self._client.delete(f"/networks/{name}")

    def connect(self, container: str, network: str, aliases: Sequence[str] = ()) -> None:
        networks.connect(self._client, container, network, aliases)

    def disconnect(self, container: str, network: str) -> None:
        networks.disconnect(self._client, container, network)

    def ensure_volume(self, name: str, labels: Mapping[str, str]) -> None:
        self._client.post("/volumes/create", {"Name": name, "Labels": dict(labels)})

    def volumes(self, labels: Mapping[str, str]) -> list[str]:
        found = self._client.get("/volumes", filters=carrying(labels))
        return sorted(raw["Name"] for raw in found["Volumes"] or ())

    def remove_volume(self, name: str) -> None:
        with suppress(NotFound):
            self._client.delete(f"/volumes/{name}")

    def build(self, build: ImageBuild, on_line: Callable[[str], None]) -> str:
        from dokkupy.engine_docker.build import build_classic
        from dokkupy.engine_docker.buildkit import build_with_buildkit
        from dokkupy.engine_docker.context import read_dockerfile

        dockerfile = read_dockerfile(build.context, build.dockerfile)
        if build.secrets or build.buildkit or self._needs_no_limits(dockerfile):
            self.ping()
            return build_with_buildkit(self._client, build, on_line)
        return build_classic(self._client, build, dockerfile, on_line)

    def _needs_no_limits(self, dockerfile: str) -> bool:
        """Say whether a build runs nothing: then BuildKit is as safe, and twice as fast."""
        from dokkupy.engine_docker.dockerfile import bases_if_nothing_runs

        bases = bases_if_nothing_runs(dockerfile)
        if bases is None or not _find_buildkit():
            return False
        try:
            raw = [self._client.get(f"/images/{base}/json") for base in bases]
        except ImageNotFound:
            return False
        host = architecture()
        # BuildKit does not see an image for another processor, and would look for it elsewhere.
        return not any(
            (image.get("Config") or {}).get("OnBuild") or image["Architecture"] != host
            for image in raw
        )

    def image(self, reference: str) -> ImageInfo:
        return image_info(self._client.get(f"/images/{reference}/json"))

    def images(self, labels: Mapping[str, str]) -> list[ImageInfo]:
        found = self._client.get("/images/json", filters=carrying(labels))
        return list(_those_left(self.image, found, ImageNotFound))

    def pull(self, reference: str, timeout: float) -> None:
        images.pull(self._client, reference, timeout)

    def push(self, reference: str, on_line: Callable[[str], None], timeout: float) -> str:
        from dokkupy.engine_docker import registry

        return registry.push(self._client, reference, on_line, timeout)

    def check_login(self, login: RegistryLogin) -> None:
        from dokkupy.engine_docker import registry

        registry.check_login(self._client, login)

    def tag(self, image: str, reference: str) -> None:
        repository, tag = split_reference(reference)
        self._client.post(f"/images/{image}/tag", repo=repository, tag=tag)

    def import_image(self, tar: IO[bytes], reference: str, labels: Mapping[str, str]) -> str:
        return images.import_image(self._client, tar, reference, labels)

    def add_layer(self, layer: ImageLayer, tar: IO[bytes]) -> str:
        from dokkupy.engine_docker.layers import add_layer

        return add_layer(self._client, layer, tar)

    def own_sizes(self) -> Mapping[str, int]:
        found = self._client.get("/system/df", timeout=COUNTING_SECONDS, type="image")
        return {raw["Id"]: raw["Size"] - max(raw["SharedSize"], 0) for raw in found["Images"] or ()}

    def build_cache(self) -> int:
        # Engines older than API 1.42 tell of everything, whatever they are asked for.
        found = self._client.get("/system/df", timeout=COUNTING_SECONDS, type="build-cache")
        records = found.get("BuildCache") or ()
        return sum(record["Size"] for record in records if not record["Shared"])

    def trim_build_cache(self, limit: int) -> None:
        query = {"keep-storage": str(limit)}
        self._client.post("/build/prune", None, timeout=TRIMMING_SECONDS, **query)

    def remove_image(self, reference: str) -> None:
        images.remove_image(self._client, reference)

    def create(self, spec: ContainerSpec) -> str:
        config = container_config(spec)
        container = str(self._client.post("/containers/create", config, name=spec.name)["Id"])
        try:
            for network in spec.more_networks:
                self.connect(container, network)
        except DokkupyError:
            self.remove(container)
            raise
        return container

    def put(self, container: str, files: Sequence[ContainerFile]) -> None:
        put_files(self._client, container, files)

    def archive(self, container: str, path: str, file: IO[bytes]) -> None:
        write_archive(self._client, container, path, file)

    def start(self, container: str) -> None:
        self._client.post(f"/containers/{container}/start")

    def stop(self, container: str, timeout: float) -> None:
        seconds = math.ceil(timeout)
        path = f"/containers/{container}/stop"
        self._client.post(path, timeout=seconds + ANSWER_SECONDS, t=str(seconds))

    def kill(self, container: str, signal: str = "KILL") -> None:
        try:
            self._client.post(f"/containers/{container}/kill", signal=signal)
        except Conflict as error:
            if "is not running" not in error.message:
                raise

    def remove(self, container: str) -> None:
        try:
            self._client.delete(f"/containers/{container}", v="1", force="1")
        except NotFound:
            return
        except Conflict as error:
            if "already in progress" not in error.message:
                raise
            with suppress(NotFound), self._until(container, "removed") as removed:
                removed.read_all()

    def set_restart_policy(self, container: str, policy: Literal["no", "unless-stopped"]) -> None:
        change = {"RestartPolicy": {"Name": policy}}
        self._client.post(f"/containers/{container}/update", change)

    def inspect(self, container: str) -> ContainerInfo:
        return container_info(self._client.get(f"/containers/{container}/json"))

    def containers(self, labels: Mapping[str, str]) -> list[ContainerInfo]:
        found = self._client.get("/containers/json", all="1", filters=carrying(labels))
        return list(_those_left(self.inspect, found, NotFound))

    def wait(self, containers: Sequence[str], timeout: float) -> str | None:
        deadline = time.monotonic() + timeout
        poll = select.poll()
        waiting: list[tuple[str, Stream]] = []
        with ExitStack() as opened:
            for container in containers:
                try:
                    stream = opened.enter_context(self._until(container, "not-running"))
                except NotFound:
                    return container
                if stream.has_rest:
                    return container
                waiting.append((container, stream))
                poll.register(stream.fileno(), select.POLLIN)
            left = max(0.0, deadline - time.monotonic()) * 1000
            ready = dict(poll.poll(min(math.ceil(left), _LONGEST_POLL_MS)))
            for container, stream in waiting:
                if stream.fileno() in ready:
                    if not stream.read():
                        raise vanished()
                    return container
        return None

    def _until(self, container: str, condition: Literal["not-running", "removed"]) -> Stream:
        path = f"/containers/{container}/wait"
        return open_stream(self._client.socket, "POST", path, query={"condition": condition})

    def logs(
        self,
        container: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: float = 0.0,
    ) -> Iterator[bytes]:
        tty: bool = self._client.get(f"/containers/{container}/json")["Config"]["Tty"]
        read = logs.read_terminal if tty else logs.read
        wanted = logs.Wanted(follow=follow, tail=tail, since=since)
        yield from read(self._client.socket, container, wanted)

    def attach(self, container: str) -> int:
        return sessions.attach(self._client, container)

    def execute(
        self, container: str, command: Sequence[str], *, interactive: bool, tty: bool
    ) -> int:
        return sessions.execute(self._client, container, command, interactive=interactive, tty=tty)

    def pipe(
        self,
        container: str,
        command: Sequence[str],
        *,
        source: IO[bytes] | None = None,
        sink: Callable[[bytes], object] | None = None,
    ) -> Finished:
        return pipes.pipe(self._client, container, command, source=source, sink=sink)

    def interact(
        self,
        container: str,
        source: IO[bytes],
        sink: Callable[[bytes], object],
        on_error: Callable[[bytes], object],
    ) -> int:
        from dokkupy.engine_docker.conversation import interact

        return interact(self._client, container, source, sink, on_error)

    def listeners(self, container: str) -> list[Listener]:
        return listeners.listeners(self._client, self.inspect(container))

    def memory_used(self, container: str) -> int:
        return usage.memory(self._client, container)

    def executable(self, container: str, word: str) -> Executable | None:
        from dokkupy.engine_docker import executables

        return executables.find(self._client, container, word)


def _those_left(
    look: Callable[[str], _Info],
    listed: Sequence[Mapping[str, Any]],
    gone: type[NotFound | ImageNotFound],
) -> Iterator[_Info]:
    """Look at each; one that was removed since it was listed is left out."""
    for raw in listed:
        with suppress(gone):
            yield look(raw["Id"])


def _find_buildkit() -> str:
    from dokkupy.engine_docker.buildkit import find_client

    return find_client()


def _socket_from_environment() -> Path:
    host = os.environ.get("DOCKER_HOST", "")
    if not host:
        return DEFAULT_SOCKET
    if not host.startswith("unix://"):
        raise UsageError(
            f"DOCKER_HOST is {host}, but dokkupy needs the container engine of its own host.",
            hint="unset DOCKER_HOST",
        )
    return Path(host.removeprefix("unix://"))
