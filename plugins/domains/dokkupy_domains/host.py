"""A host name as people type it, in any script."""

from __future__ import annotations

from dokkupy.errors import UsageError
from dokkupy.names import HostName


class Host(HostName):
    """A host name in its ASCII form; other scripts by IDNA 2008 with the mapping of UTS 46.

    That is how today's browsers turn an address into a name, so `straße.example` is what a
    visitor gets who types it.
    """

    __slots__ = ()

    @classmethod
    def normalise(cls, text: str) -> str:
        """Return `text` lower-case, without final dot, international labels in punycode."""
        if text.isascii():
            return HostName.normalise(text)
        import idna

        star = "*." if text.startswith("*.") else ""
        try:
            return star + idna.encode(text.removeprefix("*."), uts46=True).decode().rstrip(".")
        except idna.IDNAError:
            return text


class GlobalDomain(Host):
    """A domain under which every app gets a name of its own."""

    __slots__ = ()
    longest = 253 - 64
    """Characters; an app's name and a dot stand before it."""

    @classmethod
    def parse(cls, text: str) -> GlobalDomain:
        """Return `text` as a global domain.

        Raises:
            UsageError: it is no host name, is a wildcard, or leaves no room for an app's name.
        """
        host = super().parse(text)
        if host.startswith("*.") or len(host) > cls.longest:
            raise UsageError(
                f"{host!a} cannot be a global domain.",
                hint="Give the part that follows the app's name, without a wildcard: example.com",
            )
        return host
