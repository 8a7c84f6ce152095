"""Every operation of the core is described as it is, held to the contract that plugins' ones are.

A new operation is tried with words made up from its types. Where those do not fit, give a sample.
"""

from __future__ import annotations

import importlib
import io
import tarfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import pytest

from dokkupy.core_properties import CORE_PROPERTIES
from dokkupy.names import AppName
from dokkupy.operations import apps
from dokkupy.operations.registry import (
    CORE_OPERATIONS,
    Operation,
    make_operation,
    operations_of,
)
from dokkupy.testing.contracts.plugin_operations import Driver, OperationsContract
from dokkupy.testing.engine_fake import BASE, FakeEngine
from dokkupy.testing.samples import SECRET, Sample, made_up

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.types import PropertyGroup

OTHER = AppName("contract-other")
PUBLIC_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + b"A" * 43 + b" ann@example\n"
MACHINE = "it changes the machine; tests/end_to_end/test_host.py tries it"
PACKAGES = "it changes what is installed; tests of its own try it"


def archive() -> bytes:
    """Return a tar archive of a source that can be built."""
    packed = io.BytesIO()
    files = {"Dockerfile": f"FROM {BASE}\n".encode(), "Procfile": b"web: serve\n"}
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


class TestCoreOperations(OperationsContract):
    name = ""
    samples: ClassVar = {
        "apps clone": Sample(("{app}", "contract-clone")),
        "apps create": Sample(("contract-created",)),
        "apps destroy": Sample((OTHER, "--force")),
        "apps lock": Sample((OTHER,)),
        "apps rename": Sample((OTHER, "contract-renamed")),
        "apps unlock": Sample((OTHER,)),
        "build": Sample(("{app}", "--ref", "main")),
        "config import": Sample(("{app}",), b"IMPORTED=1\n"),
        "deploy": Sample(("{app}", "--ref", "main")),
        "git from-archive": Sample((OTHER,), archive()),
        "git from-image": Sample((OTHER, "sample/app:1")),
        "git set": Sample(("{app}", "deploy-branch", "main")),
        "operations show": Sample(("apps", "create")),
        "plugin disable": Sample(("domains",)),
        "plugin enable": Sample(("domains",)),
        "plugin show": Sample(("domains",)),
        "promote": Sample(("{app}", OTHER)),
        "ps inspect": Sample(("{app}", "web.1")),
        "ps limit": Sample(("{app}", "web", "--memory", "64m")),
        "ps scale": Sample(("{app}", "web=1")),
        "releases diff": Sample(("{app}", "1", "1")),
        "releases show": Sample(("{app}", "1")),
        "ssh-keys add": Sample(("sample",), PUBLIC_KEY),
    }
    unsampled: ClassVar = {
        "builds cancel": "a build is over at once here",
        "builds push": "it sends to a registry; tests/unit/test_publishing.py",
        "down": "everything after it would find the root down",
        "git sync": "it fetches over a network",
        "git trust": "it asks a server; tests/end_to_end/test_deploy_keys.py",
        "host check": MACHINE,
        "host remove": MACHINE,
        "host setup": MACHINE,
        "init": MACHINE,
        "plugin install": PACKAGES,
        "plugin new": PACKAGES,
        "plugin uninstall": PACKAGES,
        "plugin verify": PACKAGES,
        "registry login": "it asks a registry; tests/unit/test_publishing.py",
        "registry logout": "it asks a registry; tests/unit/test_publishing.py",
        "run logs": "tests/unit/test_oneoffs.py has commands that go on",
        "run stop": "tests/unit/test_oneoffs.py has commands that go on",
        "vaults add": "it asks a server for a bucket",
        "vaults remove": "it asks a server for a bucket",
    }
    shows_secrets = frozenset(f"config {verb}" for verb in ("explain", "export", "get", "show"))

    @pytest.fixture
    def plugins(self) -> Sequence[str]:
        return ()

    @pytest.fixture
    def loaded(self) -> None:
        """Need no plugin."""

    @pytest.fixture
    def properties(self) -> None:
        """Have none of one's own; each noun has its group."""

    @pytest.fixture
    def service_operations(self) -> list[Operation]:
        return []

    @pytest.fixture
    def operations(self) -> list[Operation]:
        settings = operations_of(importlib.import_module("dokkupy.operations.properties"))
        return [
            make_operation(noun, function)
            for noun, modules in CORE_OPERATIONS.items()
            for module in modules
            for function in operations_of(importlib.import_module(module)).values()
        ] + [
            make_operation(noun, function, {"noun": noun})
            for noun in CORE_PROPERTIES
            for function in settings.values()
        ]

    def prepare(self, operation: str, platform: Platform, app: AppName) -> None:
        platform.store.config.change(app, {"SAMPLE": SECRET})
        if not platform.store.apps.exists(OTHER):
            apps.create(platform, OTHER)
        if operation == "git from-image":
            assert isinstance(platform.engine, FakeEngine)
            platform.engine.add_image("sample/app:1", command=("serve",))
        if operation == "apps rename":
            platform.store.apps.unlock(OTHER)

    def sample(
        self, operation: Operation, app: AppName, properties: PropertyGroup | None
    ) -> Sample:
        if operation.bound:
            return made_up(operation, app, CORE_PROPERTIES[operation.noun])
        return super().sample(operation, app, properties)

    def test_an_unknown_app_is_the_same_error_everywhere(self, driver: Driver) -> None:
        nobody = AppName("contract-nobody")
        for operation in driver.operations:
            first = next(iter(operation.parameters), None)
            if first is None or not first.app or operation.title == "apps create":
                continue
            given = driver.sample(operation, nobody)
            given = driver.sample(operation, nobody)
            done = driver.ask(operation, Sample((nobody, *given.words[1:]), given.stdin))
            told = (done.exit_code, done.error.get("message"))
            assert told == (3, f"App {nobody} does not exist."), operation.title
