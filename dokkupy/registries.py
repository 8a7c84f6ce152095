"""Who this root is to the registries of images: names and secrets in a file of the owner's."""

from __future__ import annotations

import json
import os
import re
import shlex
from typing import TYPE_CHECKING, Final, Self

from dokkupy.engine import RegistryLogin
from dokkupy.errors import NotFound, StateError, UsageError

if TYPE_CHECKING:
    from dokkupy.paths import Paths

HUB: Final = "docker.io"
"""Where an image is whose name begins with no host."""
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?(?::[0-9]{1,5})?")


class RegistryHost(str):
    """The host of a registry as it begins the names of its images: `HOST[:PORT]`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return `text` when it can begin the name of an image.

        Raises:
            UsageError: it cannot.
        """
        named = "." in text or ":" in text or text == "localhost"
        if not named or not _HOST.fullmatch(text):
            raise UsageError(
                f"{text!a:.120} is no registry.",
                hint=f"Write it as HOST or HOST:PORT, such as registry.example.com, or {HUB}.",
            )
        return cls(text)


def read(paths: Paths) -> list[RegistryLogin]:
    """Return every login, by host.

    Raises:
        StateError: the file is damaged.
    """
    try:
        kept = json.loads(paths.registries.read_bytes())
        return [
            RegistryLogin(host=host, user=entry["user"], secret=entry["secret"])
            for host, entry in sorted(kept.items())
        ]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError, AttributeError):
        file = shlex.quote(str(paths.registries))
        raise StateError(
            f"{paths.registries} is damaged.",
            hint=f"Remove it and log in anew: rm {file}; dokkupy registry login",
        ) from None


def keep(paths: Paths, login: RegistryLogin) -> None:
    """Remember a login in place of an earlier one for the same registry."""
    _write(paths, [*(one for one in read(paths) if one.host != login.host), login])


def forget(paths: Paths, host: str) -> None:
    """Forget the login for a registry.

    Raises:
        NotFound: there is none.
    """
    known = read(paths)
    left = [one for one in known if one.host != host]
    if len(left) == len(known):
        raise NotFound(
            f"There is no login for {host}.", hint="See which there are: dokkupy registry list"
        )
    _write(paths, left)


def _write(paths: Paths, logins: list[RegistryLogin]) -> None:
    fresh = paths.registries.with_name(f".{paths.registries.name}.{os.getpid()}")
    kept = {one.host: {"user": one.user, "secret": one.secret} for one in logins}
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(descriptor)
        fresh.replace(paths.registries)
    finally:
        fresh.unlink(missing_ok=True)
