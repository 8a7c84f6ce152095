"""Every operation that a kind of service has is described as it is, like those of the core."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import pytest

from dokkupy.errors import Conflict
from dokkupy.names import AppName
from dokkupy.operations.registry import Operation, make_operation, operations_of
from dokkupy.report import Report
from dokkupy.services import backups, containers, life, linking, links, moving
from dokkupy.services import service as services
from dokkupy.services.name import ServiceName
from dokkupy.testing.contracts.plugin_operations import Driver, OperationsContract
from dokkupy.testing.samples import Sample

from . import stub_service
from .stub_service import KIND

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.services.service import Service
    from dokkupy.testing.engine_fake import FakeEngine
    from tests.unit.conftest import Site

SAMPLE, OTHER, MADE = ServiceName("sample"), ServiceName("other"), ServiceName("made")
LINKED = ("stub unlink", "stub promote", "stub links")
SAVED = ("stub backups", "stub backup-verify", "stub restore")
REPORT = Report(lambda _: None)
PLUGIN = """
    from stub_service import (
        app_destroyed, container_options, env_compile, provide_image, register_services
    )
"""


class TestServiceOperations(OperationsContract):
    name = "stub"
    samples: ClassVar = {
        "stub backup-passphrase": Sample((SAMPLE,), b"four words and one more\n"),
        "stub clone": Sample((SAMPLE, MADE)),
        "stub create": Sample((MADE,)),
        "stub destroy": Sample((SAMPLE, "--force")),
        "stub expose": Sample((SAMPLE,)),
        "stub import": Sample((SAMPLE,), b"STUB\nrow\nEND\n"),
        "stub links": Sample((SAMPLE,)),
        "stub set": Sample((SAMPLE, "--memory", "64m")),
    }
    unsampled: ClassVar = {
        "stub upgrade": "the fake does not copy files; the contract of services upgrades for real",
    }

    @pytest.fixture(autouse=True)
    def installed(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        """Install the plugin of the stub; it is asked before there is a platform."""
        monkeypatch.setitem(sys.modules, "stub_service", stub_service)
        monkeypatch.setattr(containers, "POLL_SECONDS", 0.005)
        site.install("stub", PLUGIN)

    @pytest.fixture
    def loaded(self, installed: None) -> None:
        """Have nothing but what the kit gives."""

    @pytest.fixture
    def properties(self) -> None:
        """Have none."""

    @pytest.fixture
    def service_operations(self) -> list[Operation]:
        return []

    @pytest.fixture
    def operations(self) -> list[Operation]:
        return [
            make_operation(KIND.noun, function, {"noun": KIND.noun})
            for module in KIND.operation_modules
            for function in operations_of(importlib.import_module(module)).values()
        ]

    @pytest.fixture
    def plugins(self) -> Sequence[str]:
        return ["stub"]

    def prepare(self, operation: str, platform: Platform, app: AppName) -> None:
        """Have two services, one of them linked, stopped or backed up as the operation needs."""
        engine: FakeEngine = platform.engine  # type: ignore[assignment]
        if engine.down:
            return
        settle(platform)
        for name in (OTHER, SAMPLE) if operation in LINKED else ():
            given = {"app": app, "alias": None, "restart": False}
            linking.link(platform, REPORT, KIND, name, **given)  # type: ignore[arg-type]
        if operation in SAVED:
            backups.backup(platform, REPORT, KIND, SAMPLE)
        if operation == "stub backup-due":
            services.keep(platform, replace(found(platform), every="1d"))
        if operation == "stub clean":
            source = io.BytesIO(b"STUB\nEND\n")
            moving.import_(platform, REPORT, KIND, SAMPLE, source=source)

    def test_no_password_is_told_but_by_the_one_that_is_there_for_it(
        self, driver: Driver, platform: Platform
    ) -> None:
        for operation in driver.operations:
            driver.prepare(operation.title, driver.app)
            before = found(platform)
            done = driver.ask(operation, driver.sample(operation, driver.app))
            said = done.text + done.stderr + repr(done.events)
            for password in (before.password, before.admin_password, "four words"):
                told = password in said
                assert told == (operation.title == "stub url" and password == before.password)


def settle(platform: Platform) -> None:
    """Have both services running and linked to nothing, and none that a test made."""
    for one in services.every(platform):
        for link in links.of_service(platform, one):
            links.forget(platform, link)
        if one.name not in (SAMPLE, OTHER):
            life.destroy(platform, KIND, one)
    for name in (SAMPLE, OTHER):
        with suppress(Conflict):
            life.create(platform, REPORT, KIND, name)
    if containers.state(platform, found(platform)) != "running":
        life.start(platform, REPORT, KIND, SAMPLE)


def found(platform: Platform) -> Service:
    return services.find(platform, "stub", SAMPLE)
