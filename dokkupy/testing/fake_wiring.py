"""What the containers of the fake engine are joined to: networks, volumes, files."""

from __future__ import annotations

import io
import ipaddress
import posixpath
import tarfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO

from dokkupy.engine import ContainerFile, Finished, NetworkSpec
from dokkupy.errors import Conflict, EngineError, NotFound
from dokkupy.testing.fake_container import FakeContainer


class FakeWiring:
    """The part of `FakeEngine` that connects its containers."""

    def __init__(self) -> None:
        self.down = False
        """True: it does not answer."""
        self._lock = threading.Condition(threading.RLock())
        self._containers: dict[str, FakeContainer] = {}
        self._networks: dict[str, NetworkSpec] = {}
        self._volumes: dict[str, tuple[Mapping[str, str], dict[str, bytes]]] = {}
        """Name -> labels, and path -> content."""

    def ensure_network(self, spec: NetworkSpec) -> None:
        with self._answer():
            there = self._networks.get(spec.name)
            if there is not None and there.subnet != spec.subnet:
                raise conflict(f"The network {spec.name} exists with {there.subnet}.")
            wanted = ipaddress.ip_network(spec.subnet)
            for other in self._networks.values():
                if other.name != spec.name and wanted.overlaps(ipaddress.ip_network(other.subnet)):
                    raise conflict(f"{spec.subnet} overlaps with the network {other.name}.")
            self._networks[spec.name] = spec

    def networks(self, labels: Mapping[str, str]) -> list[str]:
        with self._answer():
            return [
                spec.name
                for spec in self._networks.values()
                if labels.items() <= spec.labels.items()
            ]

    def subnets(self) -> list[str]:
        with self._answer():
            return [spec.subnet for spec in self._networks.values()]

    def remove_network(self, name: str) -> None:
        with self._answer():
            users = (c for c in self._containers.values() if name in c.info.networks)
            if any(container.running for container in users):
                raise conflict(f"The network {name} has active endpoints.")
            self._networks.pop(name, None)

    def connect(
        self,
        container: str,
        network: str,
        aliases: Sequence[str] = (),  # noqa: ARG002 - its containers find each other by address
    ) -> None:
        with self._answer():
            found = self._find(container)
            self._network(network)
            found.join({*found.info.networks, network})

    def disconnect(self, container: str, network: str) -> None:
        with self._answer():
            try:
                found = self._find(container)
            except NotFound:
                return
            found.join({*found.info.networks} - {network})

    def ensure_volume(self, name: str, labels: Mapping[str, str]) -> None:
        with self._answer():
            self._volumes.setdefault(name, (dict(labels), {}))

    def volumes(self, labels: Mapping[str, str]) -> list[str]:
        with self._answer():
            there = self._volumes.items()
            return sorted(name for name, (own, _) in there if labels.items() <= own.items())

    def remove_volume(self, name: str) -> None:
        with self._answer():
            users = (m for c in self._containers.values() for m in c.spec.mounts)
            if any(mount.source == name for mount in users):
                raise conflict(f"The volume {name} is in use.")
            self._volumes.pop(name, None)

    def put(self, container: str, files: Sequence[ContainerFile]) -> None:
        with self._answer():
            found = self._find(container)
            for file in files:
                self._folder(found, file.path)[file.path] = file.content

    def archive(self, container: str, path: str, file: IO[bytes]) -> None:
        with self._answer():
            files = self._folder(self._find(container), f"{path}/")
            top = posixpath.basename(path)
            inside = {name: files[name] for name in files if name.startswith(f"{path}/")}
            if not inside:
                raise NotFound(f"Could not find the file {path} in container {container}")
        with tarfile.open(fileobj=file, mode="w") as tar:
            for name, content in sorted(inside.items()):
                member = tarfile.TarInfo(posixpath.join(top, posixpath.relpath(name, path)))
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))

    def _wire(self, container: FakeContainer) -> None:
        """Join a new container to what its specification names."""
        spec = container.spec
        for network in spec.more_networks:
            self._network(network)
        for mount in spec.mounts:
            if mount.is_volume:
                self._volumes.setdefault(mount.source, ({}, {}))
        container.join({*filter(None, [spec.network]), *spec.more_networks})

    def _read_or_write(
        self,
        container: FakeContainer,
        command: Sequence[str],
        fed: Iterable[bytes],
        give: Callable[[bytes], object],
    ) -> Finished:
        """Do as `cat PATH` and `tee PATH` do."""
        program, path = command[0], command[-1]
        folder = self._folder(container, path)
        if program == "tee":
            folder[path] = b"".join(fed)
        if path not in folder:
            return Finished(code=1, error=f"cat: {path}: No such file or directory")
        give(folder[path])
        return Finished(code=0, error="")

    def _folder(self, container: FakeContainer, path: str) -> dict[str, bytes]:
        """Return the files among which a path of a container lies: a volume's, or its own."""
        for mount in container.spec.mounts:
            if mount.is_volume and path.startswith(f"{mount.target}/"):
                return self._volumes[mount.source][1]
        return container.files

    def _connect(self, container: FakeContainer) -> None:
        """Give a starting container its address, or refuse as a real network does."""
        spec = container.spec
        if not spec.network:
            return
        network = self._network(spec.network)
        held = {network.gateway} | {
            other.info.address
            for other in self._containers.values()
            if other is not container and other.running and other.spec.network == spec.network
        }
        if spec.address in held:
            raise conflict(f"The address {spec.address} is already in use.")
        if not spec.address:
            hosts = (str(host) for host in ipaddress.ip_network(network.subnet).hosts())
            container.take_address(next(host for host in hosts if host not in held))
        self._refuse_taken_ports(container)

    def _refuse_taken_ports(self, container: FakeContainer) -> None:
        running = (c for c in self._containers.values() if c.running and c is not container)
        taken = {(port.host_address, port.host_port) for c in running for port in c.spec.ports}
        for port in container.spec.ports:
            if (port.host_address, port.host_port) in taken:
                raise conflict(f"{port.host_address}:{port.host_port} is already allocated.")

    def _network(self, name: str) -> NetworkSpec:
        if name not in self._networks:
            raise NotFound(f"network {name} not found.", hint="See: docker network ls")
        return self._networks[name]

    def _answer(self) -> threading.Condition:
        """Return the lock of everything, unless the engine is down."""
        if self.down:
            raise EngineError(
                "The container engine does not answer (it is a fake, and down).",
                hint="Start it: systemctl start docker (or: dockerd)",
            )
        return self._lock

    def _find(self, container: str) -> FakeContainer:
        for identity, found in self._containers.items():
            if found.spec.name == container or (
                len(container) >= 12 and identity.startswith(container)
            ):
                return found
        raise NotFound(f"No such container: {container}.", hint="See what there is: docker ps")


def conflict(message: str) -> Conflict:
    """Return the refusal of something that somebody else holds."""
    return Conflict(message, hint="See who holds it: docker ps --all; docker network ls")
