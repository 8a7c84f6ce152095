"""The registries that the fake engine talks to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dokkupy.engine import RegistryLogin
from dokkupy.errors import EngineError, ImageNotFound, Refused
from dokkupy.testing.fake_images import FakeImages
from dokkupy.testing.fake_wiring import FakeWiring


class FakeRegistries(FakeWiring):
    """The part of `FakeEngine` that fetches and sends images."""

    def __init__(self) -> None:
        super().__init__()
        self._images = FakeImages()
        self.registry: set[str] = set()
        """References that `pull` finds."""
        self.registries: dict[str, dict[str, str]] = {}
        """The registries that answer: host -> name -> secret of those who are let in to push."""
        self.logins: Callable[[], Sequence[RegistryLogin]] = tuple
        """Asked for who we are to registries, as the real engine asks."""

    def pull(self, reference: str, timeout: float) -> None:  # noqa: ARG002 - it takes no time
        with self._answer():
            if reference not in self.registry:
                raise ImageNotFound(
                    f"The image {reference} cannot be pulled.",
                    hint=f"See why: docker pull {reference}",
                )
            self._images.pull(reference)

    def push(
        self,
        reference: str,
        on_line: Callable[[str], None],
        timeout: float,  # noqa: ARG002 - it takes no time
    ) -> str:
        with self._answer():
            image, host = self._images.find(reference), reference.partition("/")[0]
            nobody = RegistryLogin(host=host, user="", secret="")
            self._let_in(next((one for one in self.logins() if one.host == host), nobody))
            self.registry.add(reference)
            digest = self._images.push(reference)
        on_line(f"{image.id[7:19]}: pushed")
        return digest

    def check_login(self, login: RegistryLogin) -> None:
        with self._answer():
            self._let_in(login)

    def _let_in(self, login: RegistryLogin) -> None:
        if login.host not in self.registries:
            raise EngineError(
                f"The registry {login.host} cannot be asked.",
                hint=f"See whether it answers: curl https://{login.host}/v2/",
            )
        if self.registries[login.host].get(login.user) != login.secret:
            raise Refused(
                f"{login.host} does not let {login.user!a} in.",
                hint=f"Log in: dokkupy registry login {login.host} USER < FILE",
            )
