from __future__ import annotations

from typing import Any

from dokkupy.engine import ContainerInfo, ContainerSpec, PublishedPort
from dokkupy.engine_docker.container import container_config, container_info, image_info
from dokkupy.types import Environment, Mount

SPEC = ContainerSpec(
    name="web-1",
    image="sha256:abc",
    command=("sh", "-c", "serve"),
    env=Environment(KEY="a=b\nc"),
    labels={"dokkupy.root": "r"},
    network="dokkupy-r",
    address="10.9.8.7",
    memory=512,
    cpus=1.5,
    pids=99,
)
RAW: dict[str, Any] = {
    "Id": "0f" * 32,
    "Name": "/web-1",
    "Image": "sha256:abc",
    "Config": {"Labels": {"dokkupy.root": "r"}},
    "State": {
        "Status": "running",
        "ExitCode": 0,
        "OOMKilled": False,
        "Pid": 4711,
        "StartedAt": "2026-11-22T10:00:00.123456789Z",
    },
    "HostConfig": {
        "RestartPolicy": {"Name": "unless-stopped"},
        "Memory": 512,
        "NanoCpus": 1_500_000_000,
        "PidsLimit": 99,
    },
    "NetworkSettings": {
        "Networks": {
            "dokkupy-r": {"IPAMConfig": {"IPv4Address": "10.9.8.7"}, "IPAddress": "10.9.8.7"}
        }
    },
}


def test_whole_config_of_an_app_container() -> None:
    assert container_config(SPEC) == {
        "Image": "sha256:abc",
        "Cmd": ["sh", "-c", "serve"],
        "Env": ["KEY=a=b\nc"],
        "Labels": {"dokkupy.root": "r"},
        "Tty": False,
        "OpenStdin": False,
        "StdinOnce": False,
        "AttachStdin": False,
        "AttachStdout": False,
        "AttachStderr": False,
        "HostConfig": {
            "NetworkMode": "dokkupy-r",
            "RestartPolicy": {"Name": "no"},
            "AutoRemove": False,
            "Init": True,
            "SecurityOpt": ["no-new-privileges"],
            "CapDrop": ["NET_RAW"],
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
            "CpuShares": 0,
            "Memory": 512,
            "MemorySwap": 512,
            "NanoCpus": 1_500_000_000,
            "PidsLimit": 99,
        },
        "NetworkingConfig": {
            "EndpointsConfig": {"dokkupy-r": {"IPAMConfig": {"IPv4Address": "10.9.8.7"}}}
        },
    }


def test_container_without_network_or_command_asks_for_neither() -> None:
    config = container_config(ContainerSpec(name="x", image="y"))
    assert config["HostConfig"]["NetworkMode"] == "none"
    assert "NetworkingConfig" not in config
    assert "Cmd" not in config


def test_running_container_is_read_whole() -> None:
    assert container_info(RAW) == ContainerInfo(
        id="0f" * 32,
        name="web-1",
        image="sha256:abc",
        labels={"dokkupy.root": "r"},
        state="running",
        exit_code=0,
        oom_killed=False,
        address="10.9.8.7",
        pid=4711,
        started_at=1795341600.123456,
        restart_policy="unless-stopped",
        memory=512,
        cpus=1.5,
        pids=99,
        networks=("dokkupy-r",),
    )


def test_volumes_folders_and_ports_are_asked_for_as_docker_names_them() -> None:
    spec = ContainerSpec(
        name="db",
        image="x",
        mounts=(
            Mount(source="data", target="/var/lib/data"),
            Mount(source="/srv/files", target="/files", read_only=True),
        ),
        ports=(PublishedPort(port=3306, host_address="127.0.0.1", host_port=13306),),
    )
    config = container_config(spec)
    assert config["HostConfig"]["Mounts"] == [
        {"Type": "volume", "Source": "data", "Target": "/var/lib/data", "ReadOnly": False},
        {"Type": "bind", "Source": "/srv/files", "Target": "/files", "ReadOnly": True},
    ]
    assert config["ExposedPorts"] == {"3306/tcp": {}}
    assert config["HostConfig"]["PortBindings"] == {
        "3306/tcp": [{"HostIp": "127.0.0.1", "HostPort": "13306"}]
    }


def test_address_is_that_of_the_first_network_whatever_else_it_joined() -> None:
    networks = {
        "another": {"IPAddress": "10.1.1.2"},
        "dokkupy-r": {"IPAMConfig": {"IPv4Address": "10.9.8.7"}, "IPAddress": "10.9.8.7"},
    }
    host = RAW["HostConfig"] | {"NetworkMode": "dokkupy-r"}
    info = container_info(RAW | {"HostConfig": host, "NetworkSettings": {"Networks": networks}})
    assert (info.address, info.networks) == ("10.9.8.7", ("another", "dokkupy-r"))


def test_container_that_never_started_has_no_time_and_keeps_the_address_asked_for() -> None:
    networks = {"dokkupy-r": {"IPAMConfig": {"IPv4Address": "10.9.8.7"}, "IPAddress": ""}}
    state = RAW["State"] | {"Status": "created", "StartedAt": "0001-01-01T00:00:00Z", "Pid": 0}
    info = container_info(RAW | {"State": state, "NetworkSettings": {"Networks": networks}})
    assert (info.started_at, info.address) == (0.0, "10.9.8.7")


def test_image_without_config_has_empty_parts() -> None:
    info = image_info({"Id": "sha256:1", "Architecture": "amd64", "Size": 7, "Config": None})
    assert (info.tags, info.labels, info.entrypoint, info.command) == ((), {}, (), ())
    assert (info.exposed_ports, info.env_keys) == ((), ())


def test_only_tcp_ports_of_an_image_count() -> None:
    config: dict[str, Any] = {"ExposedPorts": {"5000/tcp": {}, "80": {}, "53/udp": {}}}
    raw = {"Id": "sha256:1", "Architecture": "amd64", "Size": 7, "Config": config}
    assert image_info(raw).exposed_ports == (80, 5000)
