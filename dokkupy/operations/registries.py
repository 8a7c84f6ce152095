"""The operations of the noun `registry`: who this root is to the registries of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from dokkupy.errors import UsageError
from dokkupy.operations.registry import Help, Stdin, operation
from dokkupy.registries import RegistryHost

if TYPE_CHECKING:
    from dokkupy.platform import Platform

HOST: Final = Help("HOST or HOST:PORT, as the names of its images begin; docker.io for none")
LONGEST_SECRET: Final = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who this root is to a registry."""

    host: str
    user: str

    def text(self) -> str:
        """Say it in one line."""
        return f"{self.host} knows this root as {self.user}."


@operation(summary="Log in to a registry of images")
def login(
    platform: Platform,
    host: Annotated[RegistryHost, HOST],
    user: Annotated[str, Help("The name that the registry knows")],
    stdin: Stdin,
) -> Login:
    """Keep a name and a secret for a registry, once it has let them in.

    The secret, a password or a token, is read from standard input. It serves for what is pushed
    there and for every image that is fetched from there: deployed ones, and those to build on.

    Raises:
        UsageError: no secret was sent.
        Refused: the registry does not let them in.
        EngineError: the registry does not answer.
    """
    from dokkupy import registries
    from dokkupy.engine import RegistryLogin

    secret = stdin.stream.readline(LONGEST_SECRET).decode("utf-8", "replace").rstrip("\r\n")
    if not secret:
        raise UsageError("No secret was sent.", hint=f"dokkupy registry login {host} {user} < FILE")
    given = RegistryLogin(host=host, user=user, secret=secret)
    platform.engine.check_login(given)
    with platform.store.write():  # two changes at a time would lose one
        registries.keep(platform.paths, given)
    return Login(host=host, user=user)


@operation(summary="Forget the login for a registry")
def logout(platform: Platform, host: Annotated[RegistryHost, HOST]) -> None:
    """Forget the name and the secret for a registry.

    Raises:
        NotFound: there is none.
    """
    from dokkupy import registries

    with platform.store.write():
        registries.forget(platform.paths, host)


@operation(
    summary="List the registries that this root is logged in to",
    name="list",
    reads=True,
    default=True,
    empty="No registry knows this root. Log in: dokkupy registry login HOST USER < FILE",
)
def list_(platform: Platform) -> list[Login]:
    """List the registries with the name that each knows this root by; no secrets."""
    from dokkupy import registries

    return [Login(host=one.host, user=one.user) for one in registries.read(platform.paths)]
