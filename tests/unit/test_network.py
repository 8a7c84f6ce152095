"""The subnet of a root: private, of a fixed size, and nobody else's here."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dokkupy import network
from dokkupy.errors import EngineError

inside = st.sampled_from(network.CANDIDATES).flatmap(
    lambda cidr: st.integers(int(ipaddress.IPv4Network(cidr).prefixlen), 32).flatmap(
        lambda prefix: st.integers(0, 2**32 - 1).map(lambda bits: f"{_within(cidr, bits)}/{prefix}")
    )
)


def _within(cidr: str, bits: int) -> ipaddress.IPv4Address:
    candidate = ipaddress.IPv4Network(cidr)
    return candidate[bits % candidate.num_addresses]


def test_the_first_candidate_is_taken_when_nothing_is() -> None:
    assert network.choose_subnet([]) == "10.208.0.0/22"


def test_a_subnet_that_is_partly_taken_is_left_out() -> None:
    assert network.choose_subnet(["10.208.3.7/32"]) == "10.208.4.0/22"
    assert network.choose_subnet(["10.0.0.0/8"]) == "172.28.0.0/22"


def test_two_roots_get_two_subnets() -> None:
    first = network.choose_subnet([])
    assert network.choose_subnet([first]) == "10.208.4.0/22"


def test_networks_of_the_other_family_take_nothing() -> None:
    assert network.choose_subnet(["fd00::/8", "::/0"]) == "10.208.0.0/22"


def test_a_host_whose_private_ranges_are_all_taken_is_told_to_choose() -> None:
    with pytest.raises(EngineError, match="No private subnet is free") as error:
        network.choose_subnet(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"])
    assert error.value.hint == "Choose one: dokkupy init --subnet 10.99.0.0/22"


@settings(max_examples=30)
@given(taken=st.lists(inside, max_size=8))
def test_the_chosen_one_overlaps_nothing_and_is_private(taken: list[str]) -> None:
    try:
        chosen = ipaddress.IPv4Network(network.choose_subnet(taken))
    except EngineError:
        return
    assert chosen.is_private
    assert chosen.prefixlen == network.PREFIX_LENGTH
    assert not any(chosen.overlaps(ipaddress.IPv4Network(t, strict=False)) for t in taken)


TABLE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
tun0\t0000D00A\t00000000\t0001\t0\t0\t0\t0000F0FF\t0\t0\t0
wg0\t0500000A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
"""


def test_the_routes_of_a_host_are_read_but_for_the_default_one(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(TABLE)
    routes = network.host_routes(table)
    assert [str(ipaddress.IPv4Network(route)) for route in routes] == [
        "192.168.2.0/24",
        "10.208.0.0/12",
        "10.0.0.5/32",
    ]
    assert network.choose_subnet(routes) == "172.28.0.0/22"


def test_the_routes_of_this_host_can_be_read() -> None:
    assert all(ipaddress.IPv4Network(route) for route in network.host_routes())
