"""Docker's bridge networks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from dokkupy.engine import NetworkSpec
from dokkupy.engine_docker.client import Client, matching
from dokkupy.errors import Conflict, EngineError, NotFound

_SETTLE_SECONDS: Final = 2.0
_LOOK_AGAIN_SECONDS: Final = 0.02


def ensure(client: Client, spec: NetworkSpec) -> None:
    """Create the network unless it exists; another process may be doing the same right now.

    Raises:
        Conflict: it exists with another subnet, or another network has the subnet.
    """
    if _exists(client, spec):
        return
    try:
        client.post("/networks/create", network_config(spec))
    except Conflict:
        # Docker claims the subnet before it shows the name: the other may not be visible yet.
        deadline = time.monotonic() + _SETTLE_SECONDS
        while not _exists(client, spec):
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN_SECONDS)


def network_config(spec: NetworkSpec) -> dict[str, Any]:
    """Return the body of NetworkCreate for `spec`."""
    return {
        "Name": spec.name,
        "CheckDuplicate": True,
        "Driver": "bridge",
        "Internal": spec.internal,
        "Labels": dict(spec.labels),
        "Options": {"com.docker.network.bridge.enable_icc": "false"} if spec.isolated else {},
        "IPAM": {
            "Driver": "default",
            "Config": [{"Subnet": spec.subnet, "Gateway": spec.gateway}],
        },
    }


def connect(client: Client, container: str, network: str, aliases: Sequence[str]) -> None:
    """Let a container join one more network; one that has is fine.

    Raises:
        NotFound: there is no such container or network.
    """
    # Of a container that does not run Docker takes any name, and then cannot start it.
    client.get(f"/networks/{network}")
    endpoint = {"Aliases": list(aliases)}
    body = {"Container": container, "EndpointConfig": endpoint}
    try:
        client.post(f"/networks/{network}/connect", body)
    except (Conflict, EngineError) as error:
        if "already exists in network" not in error.message:
            raise


def disconnect(client: Client, container: str, network: str) -> None:
    """Take a container off a network; whatever is missing is fine."""
    try:
        client.post(f"/networks/{network}/disconnect", {"Container": container, "Force": True})
    except NotFound:
        return
    except (Conflict, EngineError) as error:
        if "is not connected" not in error.message:
            raise


def subnets(networks: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the CIDRs of networks as NetworkList or NetworkInspect describe them."""
    pools = (pool for raw in networks for pool in (raw.get("IPAM") or {}).get("Config") or [])
    return [pool["Subnet"] for pool in pools if "Subnet" in pool]


def _exists(client: Client, spec: NetworkSpec) -> bool:
    # Docker's filter also finds names that merely contain this one.
    named = client.get("/networks", filters=matching(name=spec.name))
    found = [raw for raw in named if raw["Name"] == spec.name]
    there = subnets(found)
    if found and spec.subnet not in there:
        raise Conflict(
            f"The network {spec.name} exists with {', '.join(there) or 'no subnet'}, "
            f"not {spec.subnet}.",
            hint=f"Remove it, if nothing uses it: docker network rm {spec.name}",
        )
    return bool(found)
