from __future__ import annotations

import socket

import pytest

from dokkupy.types import Endpoint
from dokkupy_core_nginx.kernel_sockets import established_to


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_counts_connections_to_an_endpoint_and_not_those_from_it(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        endpoint = Endpoint(host=host, port=server.getsockname()[1])
        assert established_to([endpoint]) == 0
        with socket.create_connection((host, endpoint.port)), server.accept()[0]:
            assert established_to([endpoint, Endpoint(host="127.0.0.1", port=1)]) == 1
        assert established_to([]) == 0


def test_counts_connections_of_sockets_for_both_families() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = Endpoint(host="127.0.0.1", port=server.getsockname()[1])
        with socket.socket(socket.AF_INET6) as dual:
            dual.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            dual.connect(("::ffff:127.0.0.1", endpoint.port))
            assert established_to([endpoint]) == 1
