"""The directives that send visitors of one host to another."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from dokkupy.names import HostName
from dokkupy_redirects.keeping import Redirect

_PORT: Final = (
    # As it was typed: behind something else, ours is not the visitor's.
    'set $dokkupy_redirect_port "";',
    'if ($http_host ~ "(?<dokkupy_typed_port>:[0-9]+)$") {',
    "    set $dokkupy_redirect_port $dokkupy_typed_port;",
    "}",
)


def render(redirects: Iterable[Redirect], hosts: Collection[HostName]) -> str:
    """Return what stands in the `server` block of the app that answers at `hosts`.

    Path, query and scheme stay. The port stays for hosts of the app itself, which are here too.
    """
    lines = [*_PORT]
    for one in redirects:
        there = f"{one.to}$dokkupy_redirect_port" if serves(hosts, one.to) else one.to
        answer = f"return {one.code} $scheme://{there}$request_uri;"
        lines.append(f'if ($host = "{one.host}") {{ {answer} }}')
    return "\n".join(lines) + "\n"


def serves(hosts: Collection[HostName], host: HostName) -> bool:
    """Say whether one of the hosts is `host` or a wildcard for it, as the proxy reads wildcards."""
    return host in hosts or any(
        known.startswith("*.") and host.endswith(known[1:]) for known in hosts
    )
