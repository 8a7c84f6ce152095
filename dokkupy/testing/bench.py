"""A place on an engine for a group of tests: names, labels, a network; all removed after."""

from __future__ import annotations

import ipaddress
import itertools
import os
import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from dokkupy.engine import ContainerSpec, Engine, NetworkSpec
from dokkupy.errors import Conflict
from dokkupy.testing.program import Program
from dokkupy.types import Environment

MEMORY = 64 * 1024 * 1024


def private_subnets() -> Iterator[str]:
    """Yield /24s of 10.96.0.0/12, beginning anywhere: test runs side by side seldom meet."""
    blocks = list(ipaddress.ip_network("10.96.0.0/12").subnets(new_prefix=24))
    begin = random.randrange(len(blocks))  # noqa: S311 - no secret
    return (str(block) for block in blocks[begin:] + blocks[:begin])


class Bench:
    """Makes containers of `image` that carry `labels`, each with a fresh address."""

    def __init__(self, engine: Engine, image: str, subnets: Iterable[str]) -> None:
        self.engine = engine
        self.image = image
        self.word = f"test-{os.getpid()}-{random.randrange(16**6):06x}"  # noqa: S311 - no secret
        self.labels = {"dokkupy.root": self.word}
        self.network = self._network(subnets)
        self._hosts = itertools.islice(ipaddress.ip_network(self.network.subnet).hosts(), 1, None)
        self._numbers = itertools.count(1)

    def _network(self, subnets: Iterable[str]) -> NetworkSpec:
        for subnet in subnets:
            gateway = str(ipaddress.ip_network(subnet)[1])
            spec = NetworkSpec(
                name=self.word, subnet=subnet, gateway=gateway, labels=self.labels, isolated=True
            )
            try:
                self.engine.ensure_network(spec)
            except Conflict:
                continue
            return spec
        raise AssertionError("no subnet is free")

    def address(self) -> str:
        """Return an address of the network that was not returned before."""
        return str(next(self._hosts))

    def name(self) -> str:
        """Return a name that was not returned before."""
        return f"{self.word}-{next(self._numbers)}"

    def spec(
        self,
        program: Program | None = None,
        *,
        name: str = "",
        image: str = "",
        command: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
        labels: dict[str, str] | None = None,
        address: str = "",
        memory: int = MEMORY,
        stdin: bool = False,
        auto_remove: bool = False,
    ) -> ContainerSpec:
        """Return a container to create."""
        return ContainerSpec(
            name=name or self.name(),
            image=image or self.image,
            command=program.command if program else command,
            env=Environment(env or {}),
            labels=self.labels | (labels or {}),
            network=self.network.name,
            address=address or self.address(),
            memory=memory,
            pids=64,
            stdin=stdin,
            auto_remove=auto_remove,
        )

    def run(self, program: Program, *, env: dict[str, str] | None = None, address: str = "") -> str:
        """Create and start a container."""
        container = self.engine.create(self.spec(program, env=env, address=address))
        self.engine.start(container)
        return container

    def clear(self) -> None:
        """Remove everything that carries the labels."""
        containers = [container.id for container in self.engine.containers(self.labels)]
        with ThreadPoolExecutor(max_workers=8) as pool:
            list(pool.map(self.engine.remove, containers))
        for image in self.engine.images(self.labels):
            for reference in image.tags or (image.id,):
                self.engine.remove_image(reference)
        for network in self.engine.networks(self.labels):
            self.engine.remove_network(network)
