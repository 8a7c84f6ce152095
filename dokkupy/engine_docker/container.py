"""Containers in Docker's own words: what to ask for, and how to read what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, cast

from dokkupy.engine import ContainerInfo, ContainerSpec, ImageInfo, PublishedPort
from dokkupy.types import Mount

State = Literal["created", "running", "paused", "restarting", "exited", "dead", "removing"]

_LOG: Final = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
"""At most 30 MB of log a container."""


def container_config(spec: ContainerSpec) -> dict[str, Any]:
    """Return the body of ContainerCreate for `spec`, its security options included."""
    network = spec.network or "none"
    config: dict[str, Any] = {
        "Image": spec.image,
        "Env": [f"{key}={value}" for key, value in spec.env.items()],
        "Labels": dict(spec.labels),
        "Tty": spec.tty,
        "OpenStdin": spec.stdin,
        "StdinOnce": spec.stdin,
        "AttachStdin": spec.stdin,
        "AttachStdout": spec.stdin,
        "AttachStderr": spec.stdin,
        "HostConfig": {
            "NetworkMode": network,
            "RestartPolicy": {"Name": "no"},
            "AutoRemove": spec.auto_remove,
            # A program that is process 1 itself ignores SIGTERM unless it was written to.
            "Init": True,
            "SecurityOpt": ["no-new-privileges"],
            # With NET_RAW a container can take a neighbour's address by ARP.
            "CapDrop": ["NET_RAW"],
            "LogConfig": _LOG if spec.logged else {"Type": "none", "Config": {}},
            "CpuShares": spec.cpu_shares,
            "Memory": spec.memory,
            # Equal to memory: no swap, so that the limit is the limit.
            "MemorySwap": spec.memory,
            "NanoCpus": round(spec.cpus * 1_000_000_000),
            "PidsLimit": spec.pids or None,
        },
    }
    if spec.command:
        config["Cmd"] = list(spec.command)
    if spec.entrypoint:
        config["Entrypoint"] = list(spec.entrypoint)
    if spec.user:
        config["User"] = spec.user
    if spec.mounts:
        config["HostConfig"]["Mounts"] = [_mount(mount) for mount in spec.mounts]
    if spec.ports:
        config["ExposedPorts"] = {f"{item.port}/tcp": {} for item in spec.ports}
        config["HostConfig"]["PortBindings"] = _bindings(spec.ports)
    if spec.network:
        address = {"IPAMConfig": {"IPv4Address": spec.address}} if spec.address else {}
        config["NetworkingConfig"] = {"EndpointsConfig": {network: address}}
    return config


def _mount(mount: Mount) -> dict[str, Any]:
    return {
        "Type": "volume" if mount.is_volume else "bind",
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
    }


def _bindings(ports: Iterable[PublishedPort]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for item in ports:
        bound = {"HostIp": item.host_address, "HostPort": str(item.host_port)}
        found.setdefault(f"{item.port}/tcp", []).append(bound)
    return found


def container_info(raw: Mapping[str, Any]) -> ContainerInfo:
    """Read the answer of ContainerInspect."""
    state, host = raw["State"], raw["HostConfig"]
    policy = (host.get("RestartPolicy") or {}).get("Name")
    networks = raw["NetworkSettings"].get("Networks") or {}
    return ContainerInfo(
        id=raw["Id"],
        name=raw["Name"].removeprefix("/"),
        image=raw["Image"],
        labels=dict(raw["Config"].get("Labels") or {}),
        state=cast("State", state["Status"]),
        exit_code=state["ExitCode"],
        oom_killed=state["OOMKilled"],
        address=_address(networks, host.get("NetworkMode", "")),
        pid=state["Pid"],
        started_at=_seconds(state["StartedAt"]),
        restart_policy="unless-stopped" if policy in ("unless-stopped", "always") else "no",
        memory=host.get("Memory") or 0,
        cpus=(host.get("NanoCpus") or 0) / 1_000_000_000,
        pids=host.get("PidsLimit") or 0,
        networks=tuple(sorted(name for name in networks if name != "none")),
        command=tuple(filter(None, (raw.get("Path"), *(raw.get("Args") or ())))),
        restart_count=raw.get("RestartCount") or 0,
    )


def image_info(raw: Mapping[str, Any]) -> ImageInfo:
    """Read the answer of ImageInspect."""
    config = raw.get("Config") or {}
    ports = (port.partition("/") for port in config.get("ExposedPorts") or {})
    return ImageInfo(
        id=raw["Id"],
        tags=tuple(raw.get("RepoTags") or ()),
        labels=dict(config.get("Labels") or {}),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        exposed_ports=tuple(sorted(int(port) for port, _, kind in ports if kind in ("", "tcp"))),
        env_keys=tuple(pair.partition("=")[0] for pair in config.get("Env") or ()),
        architecture=raw["Architecture"],
        size=raw["Size"],
        created_at=_seconds(raw["Created"]) if raw.get("Created") else 0.0,
    )


def _address(networks: Mapping[str, Any], first: str) -> str:
    for endpoint in [networks[first]] if first in networks else networks.values():
        # The first is empty while the container does not run; the second is what was asked for.
        wanted = (endpoint.get("IPAMConfig") or {}).get("IPv4Address")
        return str(endpoint.get("IPAddress") or wanted or "")
    return ""


def _seconds(timestamp: str) -> float:
    """Return RFC 3339 as seconds since the epoch; Docker's zero time is year 1."""
    moment = datetime.fromisoformat(timestamp)
    return moment.timestamp() if moment.year > 1 else 0.0
