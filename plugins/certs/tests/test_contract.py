from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from dokkupy.names import AppName, HostName
from dokkupy.platform import Platform
from dokkupy.testing.samples import Sample
from dokkupy.testing.suites import PluginContract
from dokkupy_certs import operations

from .authority import Pair

if TYPE_CHECKING:
    from dokkupy.operations.registry import Operation
    from dokkupy.types import PropertyGroup


class TestCertsPlugin(PluginContract):
    name = "certs"

    def use(self, platform: Platform, app: AppName) -> None:
        operations.generate(platform, app, [HostName(f"{app}.test")])

    def prepare(self, operation: str, platform: Platform, app: AppName) -> None:
        if operation == "certs update":
            self.use(platform, app)
        if operation == "certs add":
            operations.remove(platform, app)

    def sample(
        self, operation: Operation, app: AppName, properties: PropertyGroup | None
    ) -> Sample:
        if operation.title in ("certs add", "certs update"):
            return Sample((app,), stdin=archive(f"{app}.test"))
        return super().sample(operation, app, properties)

    def test_nothing_of_a_key_is_left_of_a_destroyed_app(self, platform: Platform) -> None:
        app = AppName("gone")
        platform.store.apps.create(app)
        self.use(platform, app)
        home = platform.paths.root / "certs"
        assert list(home.iterdir())
        platform.store.apps.destroy(app)
        platform.hooks.app_destroyed(app=app)
        assert not list(home.iterdir())


def archive(host: str) -> bytes:
    """Return a tar archive with a certificate and its key."""
    pair = Pair.make(host)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in {"server.crt": pair.pem, "server.key": pair.key}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()
