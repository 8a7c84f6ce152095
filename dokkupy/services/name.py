"""The names of services."""

from __future__ import annotations

import re

from dokkupy.names import Name


class ServiceName(Name):
    """A service's name: also part of a host name, of a container's name and of a database's."""

    __slots__ = ()
    noun = "service name"
    pattern = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")
    rule = (
        "1 to 32 lower-case letters, digits and inner dashes, starting with a letter and ending "
        "with a letter or digit"
    )
