"""What is left open: paths that need no password, and addresses whose visitors need none."""

from __future__ import annotations

import re
from typing import Final, Self

from dokkupy.errors import UsageError

_PATH: Final = re.compile(r"(?=.{2,200}\Z)(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+/?")
_HINT: Final = (
    "Use a path such as /health, one that ends with a slash for all below it, or an address "
    "such as 192.0.2.7 or 192.0.2.0/24."
)


class Opening(str):
    """A path, a path with all below it (`/hooks/`), or a network of addresses."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return it in its normal spelling.

        Raises:
            UsageError: it is none of them, or stands for everything.
        """
        from ipaddress import ip_network

        if _PATH.fullmatch(text):
            return cls(text)
        try:
            network = ip_network(text)
        except ValueError:
            network = None
        if network is None or "%" in text:  # a zone is this machine's own affair
            raise UsageError(f"{text[:80]!a} cannot be left open.", hint=_HINT)
        if network.prefixlen == 0:
            raise UsageError(
                f"{network} would let everybody in.", hint="dokkupy basic-auth disable APP"
            )
        single = network.prefixlen == network.max_prefixlen
        return cls(network.network_address if single else network)

    @property
    def condition(self) -> str:
        """What nginx asks in an `if`, of a request that it has not begun to route."""
        return _of_path(self) if self.startswith("/") else _of_network(self)


def _of_path(path: str) -> str:
    # The request as it came: what nginx decodes for itself reaches the app as it was, and an
    # app might read `/hooks/..%2fadmin` otherwise than nginx does.
    literal = re.escape(path).replace("\\-", "-").replace("\\~", "~")
    if path.endswith("/"):
        return f'$request_uri ~ "^{literal}(?!\\.|[^?]*(?:/\\.|\\\\\\\\|%(?i:2e|2f|5c|00)))"'
    return f'$request_uri ~ "^{literal}(?:\\?|\\z)"'


def _of_network(text: str) -> str:
    """Compare addresses byte by byte: nginx has no other way within one app's configuration."""
    from ipaddress import ip_network

    network = ip_network(text)
    packed = network.network_address.packed
    whole, bits = divmod(network.prefixlen, 8)
    pattern = "".join(f"\\x{byte:02x}" for byte in packed[:whole])
    if bits:
        pattern += f"[\\x{packed[whole]:02x}-\\x{packed[whole] | 0xFF >> bits:02x}]"
    rest = len(packed) - whole - bool(bits)
    if rest:
        pattern += f"(?s:.{{{rest}}})"
    return f'$binary_remote_addr ~ "^{pattern}\\z"'
