"""The root's own bridge network: which subnet it takes and how its containers are named."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final

from dokkupy.engine import Engine, NetworkSpec
from dokkupy.errors import Conflict, EngineError
from dokkupy.store import Store

PREFIX_LENGTH = 22
"""1,022 addresses: a Linux bridge has 1,023 ports."""

CANDIDATES = ("10.208.0.0/12", "172.28.0.0/14", "192.168.128.0/17")
"""Private ranges (RFC 1918) that home networks and engines seldom use, in order of preference."""

TRIES: Final = 5


def ensure(engine: Engine, store: Store) -> NetworkSpec:
    """Return the root's network, made on first use on a subnet that nobody here uses.

    Raises:
        EngineError: the engine fails, or every candidate subnet is taken.
        Conflict: the subnet that was given for the root is taken.
    """
    root_id = store.meta.get("root_id")
    with store.write():
        subnet = store.meta.get("subnet")
    lost: list[str] = []
    while True:
        free = subnet or choose_subnet([*engine.subnets(), *host_routes(), *lost])
        spec = _spec(root_id, subnet or _keep(store, free, lost))
        try:
            engine.ensure_network(spec)
        except Conflict:
            # Another root may have chosen the same one at the same moment.
            if subnet or spec.subnet in lost:
                raise
            lost.append(spec.subnet)
        else:
            return spec


def _keep(store: Store, subnet: str, lost: Collection[str]) -> str:
    """Note the root's subnet, unless another process of the root has noted one already."""
    with store.write():
        noted = store.meta.get("subnet")
        if noted and noted not in lost:
            return noted
        store.meta.set("subnet", subnet)
        return subnet


def _spec(root_id: str, subnet: str) -> NetworkSpec:
    return NetworkSpec(
        name=f"dokkupy-{root_id}",
        subnet=subnet,
        gateway=str(ipaddress.ip_network(subnet)[1]),
        labels={"dokkupy.root": root_id},
    )


def make(engine: Engine, on: Callable[[str], NetworkSpec], prefix_length: int) -> NetworkSpec:
    """Make the network that `on` specifies for a subnet (CIDR), on one that nobody here uses.

    Raises:
        EngineError: the engine fails, or every candidate subnet is taken.
    """
    lost: list[str] = []
    while True:
        spec = on(choose_subnet([*engine.subnets(), *host_routes(), *lost], prefix_length))
        try:
            engine.ensure_network(spec)
        except Conflict:
            # Somebody else may have chosen the same one at the same moment.
            if len(lost) == TRIES:
                raise
            lost.append(spec.subnet)
        else:
            return spec


def choose_subnet(taken: Iterable[str], prefix_length: int = PREFIX_LENGTH) -> str:
    """Return the first subnet of the candidates that overlaps none of `taken` (CIDRs).

    Raises:
        EngineError: none is free.
    """
    used = [ipaddress.IPv4Network(cidr, strict=False) for cidr in taken if ":" not in cidr]
    for candidate in CANDIDATES:
        for subnet in ipaddress.IPv4Network(candidate).subnets(new_prefix=prefix_length):
            if not any(subnet.overlaps(other) for other in used):
                return str(subnet)
    raise EngineError(
        "No private subnet is free for this root's network.",
        hint="Choose one: dokkupy init --subnet 10.99.0.0/22",
    )


def host_routes(table: Path = Path("/proc/net/route")) -> list[str]:
    """Return the destinations of the host's IPv4 routes but the default one (proc(5))."""
    routes = []
    for line in table.read_text().splitlines()[1:]:
        fields = line.split()
        address = ipaddress.IPv4Address(int.from_bytes(bytes.fromhex(fields[1]), "little"))
        mask = ipaddress.IPv4Address(int.from_bytes(bytes.fromhex(fields[7]), "little"))
        if int(mask):
            routes.append(f"{address}/{mask}")
    return routes
