"""The values that hooks and providers exchange: frozen, and silent about secrets."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict

import pytest

from dokkupy.names import AppName, ProcessName
from dokkupy.types import (
    Endpoint,
    Environment,
    EnvLayer,
    Instance,
    InstanceState,
    ProcessType,
    Rank,
    Release,
)

SECRET = "hunter2"


def release() -> Release:
    return Release(
        app=AppName("shop"),
        number=1,
        image="sha256:1",
        revision="0" * 40,
        builder="dockerfile",
        processes=(ProcessType(name=ProcessName("web"), port=5000),),
        env=Environment(TOKEN=SECRET),
        config=Environment(TOKEN=SECRET),
        description="push of main",
        actor="ann",
        created_at=0.0,
    )


@pytest.mark.parametrize(
    "value",
    [
        Environment(TOKEN=SECRET),
        release(),
        EnvLayer(rank=Rank.APP, origin="config", values=Environment(TOKEN=SECRET)),
        [Environment(TOKEN=SECRET)],
    ],
    ids=["environment", "release", "layer", "list"],
)
def test_a_value_of_an_environment_shows_in_no_text_of_it(value: object) -> None:
    for text in (repr(value), str(value), f"{value}"):
        assert "TOKEN=****" in text
        assert SECRET not in text


def test_the_values_of_an_environment_are_read_by_key() -> None:
    environment = Environment(TOKEN=SECRET)
    assert environment["TOKEN"] == SECRET
    assert environment == {"TOKEN": SECRET}


def test_a_release_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        release().image = "sha256:2"  # type: ignore[misc]


def test_an_ipv6_endpoint_is_written_in_brackets() -> None:
    assert str(Endpoint(host="10.0.0.2", port=80)) == "10.0.0.2:80"
    assert str(Endpoint(host="fd00::2", port=80)) == "[fd00::2]:80"


def test_an_instance_is_called_by_process_and_ordinal() -> None:
    instance = Instance(
        id=7,
        app=AppName("shop"),
        release=1,
        process=ProcessName("worker"),
        ordinal=2,
        reference="c0ffee",
        endpoint=None,
        state=InstanceState.LIVE,
    )
    assert instance.name == "worker.2"


def test_what_is_nearer_to_the_app_outranks_the_rest() -> None:
    order = ["DEFAULT", "PLATFORM", "SERVICE", "GLOBAL", "APP", "BUILD"]
    assert [rank.name for rank in sorted(Rank)] == order


def test_a_process_type_survives_being_written_as_plain_values() -> None:
    process = ProcessType(name=ProcessName("web"), command=("sh", "-c", "x"), port=80)
    assert asdict(process) == {
        "name": "web",
        "command": ("sh", "-c", "x"),
        "port": 80,
        "check": {"path": "", "timeout": 5.0, "deadline": 60.0, "settle": 2.0},
        "site": None,
    }
