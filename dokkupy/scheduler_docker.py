"""The local scheduler: places containers on the engine of this host."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from dokkupy import network, shell
from dokkupy.engine import ContainerInfo, ContainerSpec, Engine, NetworkSpec
from dokkupy.errors import (
    Conflict,
    DeployFailed,
    DokkupyError,
    EngineError,
    ImageNotFound,
    NotFound,
)
from dokkupy.executable import Executable
from dokkupy.names import AppName
from dokkupy.scheduler import OneOff, Placed, PlacedOneOff, PlacedStatus, Placement
from dokkupy.store import Store
from dokkupy.types import ContainerOptions, Endpoint, Environment, Release

ROOT = "dokkupy.root"
APP = "dokkupy.app"
PROCESS = "dokkupy.process"
RELEASE = "dokkupy.release"
INSTANCE = "dokkupy.instance"
PURPOSE = "dokkupy.purpose"
ADDRESS = "dokkupy.address"
"""The engine itself forgets the address of a container that has stopped."""
NAME = "dokkupy.name"
COMMAND = "dokkupy.command"
ACTOR = "dokkupy.actor"
UNTIL = "dokkupy.until"
"""When a detached command has to end, so that any later command can see to it."""
LAUNCHER = "dokkupy.launcher"
"""On an image: the program that prepares the environment of a command and starts it."""
LONGEST_COMMAND = 200
"""Characters of a command that are noted."""


Options = Callable[[AppName, str], ContainerOptions]
"""What plugins add to a container of an app, given the name of its process."""


def no_options(_app: AppName, _process: str) -> ContainerOptions:
    """Add nothing."""
    return ContainerOptions()


def image_repository(root_id: str, app: AppName) -> str:
    """Return the name under which the app's images are tagged `:release-N`."""
    return f"dokkupy-{root_id}/{app}"


class DockerScheduler:
    """Containers on one network of the root, with addresses that the store hands out."""

    name = "docker-local"

    def __init__(self, engine: Engine, store: Store, options: Options = no_options) -> None:
        self._engine = engine
        self._store = store
        self._options = options

    @cached_property
    def _network(self) -> NetworkSpec:
        return network.ensure(self._engine, self._store)

    @cached_property
    def _root_id(self) -> str:
        return self._store.meta.get("root_id")

    def stage(self, placement: Placement) -> Placed:
        """Start one container beside whatever runs, with restart policy `no`."""
        release, process, scale = placement.release, placement.process, placement.scale
        label = f"{process.name}.{placement.ordinal}"
        env = Environment(release.env) | {
            "DOKKUPY_PROCESS": label,
            "DOKKUPY_RELEASE": str(release.number),
        }
        if process.port is not None:
            env["PORT"] = str(process.port)
        options = self._options(release.app, process.name)
        address = self._store.addresses.take(release.app, self._network.subnet)
        spec = ContainerSpec(
            name=f"dokkupy-{self._root_id}-{release.app}-{label}-{placement.instance}",
            image=release.image,
            command=shell.giving_way(process.command),
            env=Environment(env),
            labels=self._labels(release, purpose="app")
            | {
                PROCESS: process.name,
                INSTANCE: str(placement.instance),
                ADDRESS: address,
            },
            network=self._network.name,
            address=address,
            more_networks=options.networks,
            mounts=options.mounts,
            memory=scale.memory,
            cpus=scale.cpus,
            pids=scale.pids,
        )
        reference = self._launch(spec)
        port = process.port
        endpoint = None if port is None else Endpoint(host=address, port=port)
        return Placed(reference=reference, endpoint=endpoint)

    def status(self, reference: str, *, look_inside: bool = False) -> PlacedStatus:
        """Say how a container does; `look_inside` also what it listens on, or tried to run."""
        try:
            info = self._engine.inspect(reference)
        except NotFound:
            return PlacedStatus(state="gone")
        status = PlacedStatus(
            state=_STATES.get(info.state, "ended"),
            exit_code=info.exit_code,
            oom_killed=info.oom_killed,
            started_at=info.started_at,
            restarts=info.restart_policy != "no",
            memory=info.memory,
            cpus=info.cpus,
            pids=info.pids,
            restart_count=info.restart_count,
        )
        return self._looked_into(info, status) if look_inside else status

    def _looked_into(self, info: ContainerInfo, status: PlacedStatus) -> PlacedStatus:
        with suppress(NotFound, Conflict):  # it was removed meanwhile
            if status.state == "running":
                return replace(
                    status,
                    listeners=self._engine.listeners(info.id),
                    memory_used=self._engine.memory_used(info.id),
                )
            if status.state == "ended" and status.exit_code:
                return replace(
                    status,
                    programs=tuple(self._programs(info)),
                    architecture=self._engine.image(info.image).architecture,
                )
        return status

    def _programs(self, info: ContainerInfo) -> Iterator[Executable]:
        word = shell.program_of(info.command)
        program = self._engine.executable(info.id, word) if word else None
        if program is not None:
            yield program
            named = program.interpreter
            interpreter = self._engine.executable(info.id, named) if named else None
            if interpreter is not None:
                yield interpreter

    def wait_ended(self, references: Sequence[str], timeout: float) -> str | None:
        """Return the first that is not running any more, or None after `timeout` seconds."""
        return self._engine.wait(references, timeout)

    def promote(self, reference: str) -> None:
        """Let the engine restart the container when it ends and after a reboot."""
        with suppress(NotFound):
            self._engine.set_restart_policy(reference, "unless-stopped")
            self.resume(reference)  # the engine minds the policy only when a container ends

    def resume(self, reference: str) -> bool:
        """Start a promoted container that is not running, at the same endpoint."""
        try:
            if self._engine.inspect(reference).state != "running":
                self._engine.start(reference)
        except NotFound:
            return False
        return True

    def pause(self, reference: str, grace: float) -> None:
        """Stop a container so that `resume` can start it again; a missing one is fine."""
        with suppress(NotFound):
            self._engine.stop(reference, grace)

    def retire(self, reference: str, grace: float) -> None:
        """Stop the container within `grace` seconds, remove it and free its address."""
        try:
            info = self._engine.inspect(reference)
        except NotFound:
            return
        with suppress(NotFound):  # somebody else removed it just now
            self._engine.set_restart_policy(reference, "no")
            if grace > 0:
                self._engine.stop(reference, grace)
        self._engine.remove(reference)
        self._give_back(info)

    def logs(
        self,
        reference: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: float = 0.0,
    ) -> Iterator[bytes]:
        """Yield the container's output in lines without the newline."""
        return self._engine.logs(reference, follow=follow, tail=tail, since=since)

    def run(self, one_off: OneOff) -> Iterator[bytes]:
        """Run a command to its end, yielding its output.

        Raises:
            DeployFailed: it ended with another exit code than 0.
        """
        reference = self._launch(self._one_off(one_off, stdin=False))
        try:
            yield from self._engine.logs(reference, follow=True)
            self._engine.wait([reference], timeout=30)
            code = self._engine.inspect(reference).exit_code
        finally:
            self.retire(reference, 0)
        if code != 0:
            shown = shlex.join(one_off.command)
            raise DeployFailed(
                f"`{shown}` ended with exit code {code}.",
                hint="Mend what it printed and push again; nothing was switched.",
            )

    def attach(self, one_off: OneOff) -> int:
        """Run a command on this process's terminal or pipes; return its exit code."""
        reference = self._create(self._one_off(one_off, stdin=True))
        try:
            return self._engine.attach(reference)
        finally:
            self.retire(reference, 0)

    def detach(self, one_off: OneOff) -> PlacedOneOff:
        """Start a command that nobody waits for; what it prints is kept until it is retired."""
        reference = self._launch(self._one_off(one_off, stdin=False))
        return _placed_one_off(self._engine.inspect(reference))

    def one_offs(self, app: AppName | None = None) -> list[PlacedOneOff]:
        """Return what people run beside one app, or beside all, the ended ones too."""
        labels = {ROOT: self._root_id, PURPOSE: "run"} | ({APP: app} if app else {})
        placed = map(_placed_one_off, self._engine.containers(labels))
        return sorted(placed, key=lambda one: (one.app, one.started_at, one.name))

    def enter(self, reference: str, command: Sequence[str], *, tty: bool) -> int:
        """Run a command inside a running container on this process's terminal."""
        # The engine starts it beside the image's entrypoint, not by it.
        image = self._engine.inspect(reference).image
        launcher = self._engine.image(image).labels.get(LAUNCHER)
        words = [launcher, *command] if launcher else command
        return self._engine.execute(reference, words, interactive=True, tty=tty)

    def orphans(self, app: AppName, known: Collection[str]) -> list[str]:
        """Return references of the app's containers that are not among `known`.

        Addresses that no container of the app holds any more are freed on the way.
        """
        infos = self._engine.containers({ROOT: self._root_id, APP: app})
        of_before = self._under_other_names(known, infos)
        held = {info.labels.get(ADDRESS, "") for info in (*infos, *of_before)}
        self._store.addresses.keep_only(app, held)
        claimed = {*known, *self._of_others(app)}
        return [
            info.id
            for info in infos
            if info.id not in claimed and info.labels.get(PURPOSE) != "run"
        ]

    def destroy(self, app: AppName) -> None:
        """Remove every container and image of an app."""
        claimed = self._of_others(app)
        own = {one.reference for one in self._store.instances.list(app) if one.reference}
        for info in self._engine.containers({ROOT: self._root_id, APP: app}):
            own.add(info.id)
        for reference in own - claimed:
            self._engine.remove(reference)
        repository = f"{image_repository(self._root_id, app)}:"
        for image in self._engine.images({ROOT: self._root_id}):
            names = [tag for tag in image.tags if tag.startswith(repository)]
            if not image.tags and image.labels.get(APP) == app:
                names = [image.id]
            for name in names:
                with suppress(Conflict):  # somebody's own container uses it
                    self._engine.remove_image(name)

    def _of_others(self, app: AppName) -> set[str]:
        """Return the containers of other apps: one that was renamed has some labelled as before."""
        return {one.reference for one in self._store.instances.list() if one.app != app}

    def _under_other_names(
        self, known: Collection[str], infos: Sequence[ContainerInfo]
    ) -> list[ContainerInfo]:
        """Look at those of an app's own containers that carry the name it had before."""
        found = []
        for reference in set(known) - {info.id for info in infos}:
            with suppress(NotFound):
                found.append(self._engine.inspect(reference))
        return found

    def _create(self, spec: ContainerSpec) -> str:
        try:
            return self._engine.create(spec)
        except (EngineError, NotFound, Conflict) as error:
            self._store.addresses.give_back(spec.address)
            raise _explained(error, spec) from error

    def _launch(self, spec: ContainerSpec) -> str:
        reference = self._create(spec)
        try:
            self._engine.start(reference)
        except (EngineError, NotFound, Conflict) as error:
            self._engine.remove(reference)
            self._store.addresses.give_back(spec.address)
            raise _explained(error, spec) from error
        return reference

    def _one_off(self, one_off: OneOff, *, stdin: bool) -> ContainerSpec:
        release, trial = one_off.release, one_off.purpose == "test"
        # Tests must not reach what people use.
        options = ContainerOptions() if trial else self._options(release.app, "")
        subnet = self._network.subnet
        address = self._store.addresses.take(f"{release.app} {one_off.purpose}", subnet)
        # Addresses are unique among the containers that there are, and short are better names.
        number = int(IPv4Address(address)) - int(IPv4Network(subnet).network_address)
        name = f"{one_off.purpose}.{number}"
        own = {"DOKKUPY_PROCESS": name, "DOKKUPY_RELEASE": str(release.number or "")}
        told = {
            ADDRESS: address,
            NAME: name,
            COMMAND: shlex.join(one_off.command)[:LONGEST_COMMAND],
            ACTOR: one_off.actor,
        }
        if one_off.ttl:
            told[UNTIL] = f"{time.time() + one_off.ttl:.0f}"
        return ContainerSpec(
            name=f"dokkupy-{self._root_id}-{release.app}-{one_off.purpose}-{address}",
            image=release.image,
            command=one_off.command,
            env=Environment({**release.env, **own, **one_off.env}),
            labels=self._labels(release, purpose=one_off.purpose) | told,
            network=self._network.name,
            address=address,
            more_networks=(*options.networks, *one_off.networks),
            mounts=options.mounts,
            memory=one_off.scale.memory,
            cpus=one_off.scale.cpus,
            pids=one_off.scale.pids,
            stdin=stdin,
            tty=one_off.tty,
        )

    def _labels(self, release: Release, *, purpose: str) -> dict[str, str]:
        return {
            ROOT: self._root_id,
            APP: release.app,
            RELEASE: str(release.number),
            PURPOSE: purpose,
        }

    def _give_back(self, info: ContainerInfo) -> None:
        self._store.addresses.give_back(info.labels.get(ADDRESS, ""))


_STATES: Mapping[str, Literal["pending", "running", "ended"]] = {
    "created": "pending",
    "running": "running",
    "restarting": "ended",
    "exited": "ended",
    "dead": "ended",
}


def _placed_one_off(info: ContainerInfo) -> PlacedOneOff:
    return PlacedOneOff(
        app=AppName(info.labels[APP]),
        name=info.labels.get(NAME, info.name),
        reference=info.id,
        command=info.labels.get(COMMAND, ""),
        actor=info.labels.get(ACTOR, ""),
        release=int(info.labels[RELEASE]),
        state=_STATES.get(info.state, "ended"),
        exit_code=info.exit_code,
        started_at=info.started_at,
        until=float(info.labels.get(UNTIL, "0")),
    )


def _explained(error: DokkupyError, spec: ContainerSpec) -> DokkupyError:
    if isinstance(error, ImageNotFound) or "executable file not found" not in error.message:
        return error
    missing = spec.command[0] if spec.command else "its command"
    return EngineError(
        f"The image has no {missing} to start `{' '.join(spec.command)}` with.",
        hint="Use a base image that has it, or correct the line in the Procfile.",
        detail=error.message,
    )
