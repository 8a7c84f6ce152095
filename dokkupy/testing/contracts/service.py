"""The contract of a service plugin: its server, its secrets, its data."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from dokkupy import trial_network
from dokkupy.addons import Addon
from dokkupy.engine import ImageBuild
from dokkupy.errors import Conflict, Refused
from dokkupy.names import AppName
from dokkupy.operations.registry import operations_of, spec_of
from dokkupy.platform import Platform
from dokkupy.services import (
    backups,
    containers,
    images,
    life,
    manifest,
    moving,
    throwaway,
    upgrading,
)
from dokkupy.services import service as services
from dokkupy.services.name import ServiceName
from dokkupy.services.service import Service
from dokkupy.services.vault import open_vault
from dokkupy.testing.contracts.service_fixtures import NAME, REPORT, ServiceFixtures, refused
from dokkupy.testing.patience import eventually


class ServiceContract(ServiceFixtures):
    """Subclass it as `Test…` with `kind`, `write` and `read`; mark it `engine`."""

    suite = "service"

    def test_serves_what_is_written_to_it(self, platform: Platform, service: Service) -> None:
        self.write(self.session(platform), "first")
        assert "first" in self.read(self.session(platform))
        assert service.version

    def test_is_made_once(self, platform: Platform, service: Service) -> None:
        with pytest.raises(Conflict):
            life.create(platform, REPORT, self.kind, service.name)
        assert containers.state(platform, service) == "running"

    def test_tells_apps_a_url_with_all_its_parts(self, service: Service) -> None:
        told = self.kind.server_for("").variables(service.access)
        assert {"URL", "HOST", "PORT"} <= told.keys()
        assert told["HOST"] == service.host
        assert f"{told['HOST']}:{told['PORT']}" in told["URL"]
        assert all(told[key] in told["URL"] for key in ("USER", "PASSWORD", "NAME") if key in told)

    def test_shows_no_password_to_who_looks_at_the_container(
        self, platform: Platform, service: Service
    ) -> None:
        inspected = subprocess.run(
            ["docker", "inspect", service.container], capture_output=True, text=True, check=True
        ).stdout
        seen = containers.session(platform, service).run(["sh", "-c", "cat /proc/[0-9]*/cmdline"])
        printed = b"\n".join(platform.engine.logs(service.container)).decode()
        client = " ".join(self.kind.server_for("").client(service.access))
        told = json.dumps([event.data for event in platform.store.events.list()], default=str)
        for password in (service.password, service.admin_password):
            assert password not in inspected + seen + printed + client + told + repr(service)

    def test_restart_keeps_the_data(self, platform: Platform, service: Service) -> None:
        before = self._one_more(platform, "restarted")
        after = life.restart(platform, REPORT, self.kind, service.name)
        assert after.container != service.container
        assert self.read(self.session(platform)) == before

    def test_stop_and_start_keep_the_data(self, platform: Platform, service: Service) -> None:
        before = self._one_more(platform, "stopped")
        life.stop(platform, REPORT, self.kind, service.name)
        life.start(platform, REPORT, self.kind, service.name)
        assert self.read(self.session(platform)) == before

    def test_a_killed_server_comes_back_with_all_that_it_took(
        self, platform: Platform, service: Service
    ) -> None:
        before = self._one_more(platform, "killed")
        talk = containers.session(platform, service)
        started = platform.engine.inspect(service.container).started_at
        # Not by the engine, which would take it as somebody's wish.
        talk.pipe(["sh", "-c", "kill -9 -1"])
        eventually(lambda: platform.engine.inspect(service.container).started_at > started)
        containers.await_ready(platform, self.kind.server_for(""), service)
        assert self.read(talk) == before

    def test_two_services_have_nothing_in_common(
        self, platform: Platform, service: Service
    ) -> None:
        self.write(self.session(platform), "here")
        other = life.create(platform, REPORT, self.kind, ServiceName("other"))
        assert (other.password, other.volume) != (service.password, service.volume)
        talk = containers.session(platform, other)
        self.write(talk, "there")
        assert self.read(talk) == ["there"]
        assert "there" not in self.read(self.session(platform))
        life.destroy(platform, self.kind, other)
        assert other.volume not in platform.engine.volumes(containers.labels(platform, other))

    def test_serves_the_tests_of_an_app_and_leaves_nothing(
        self, platform: Platform, service: Service
    ) -> None:
        app, engine = AppName("tested"), platform.engine
        marks = trial_network.labels(platform, app)
        addon = Addon(name=self.kind.noun)
        with throwaway.beside(platform, REPORT, app, [addon]) as beside:
            told, (fresh,) = beside.variables, beside.services
            assert f"{fresh.container}:{self.kind.port}" in told[f"{self.kind.alias}_URL"]
            assert engine.inspect(fresh.container).networks == (beside.network,)
            assert fresh.password != service.password
            self.write(containers.session(platform, fresh), "fresh")
            assert self.read(containers.session(platform, fresh)) == ["fresh"]
            volumes = _volumes(fresh)
        assert engine.containers(marks) == []
        assert engine.networks(marks) == []
        assert volumes.isdisjoint(engine.volumes({}))

    def test_readme_names_every_operation(self) -> None:
        names = [
            spec.name
            for module in self.kind.operation_modules
            for function in operations_of(import_module(module)).values()
            if (spec := spec_of(function))
        ]
        missing = [name for name in names if f"{self.kind.noun} {name}" not in self.readme]
        assert not missing, f"the README does not mention {', '.join(missing)}"

    def _one_more(self, platform: Platform, word: str) -> list[str]:
        self.write(self.session(platform), word)
        return self.read(self.session(platform))


def _volumes(service: Service) -> set[str]:
    """Return the volumes of a container, those too that its image has asked for."""
    asked = ["docker", "inspect", "--format={{range .Mounts}}{{.Name}} {{end}}", service.container]
    return set(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split())


class DumpingServiceContract(ServiceContract):
    """For a kind of service whose data can be dumped; with `newer` where versions are told."""

    foreign: bytes = b"\x00\x01 this is nobody's dump \x02\x03" * 1000

    def newer(self, dump: bytes) -> bytes | None:
        """Return a dump as a newer server would make it, None when it cannot be told."""
        raise NotImplementedError

    def test_a_dump_holds_all_and_replaces_all(self, platform: Platform, service: Service) -> None:
        before = self._one_more(platform, "dumped")
        dump = self.dumped(platform)
        self.write(self.session(platform), "after the dump")
        size = self._imported(platform, dump)
        assert self.read(self.session(platform)) == before
        now = services.find(platform, service.noun, service.name)
        assert service.volume in now.kept
        assert size == len(dump)

    @pytest.mark.parametrize("fault", ["cut", "empty", "foreign", "newer"])
    def test_a_dump_that_is_not_right_is_refused_and_changes_nothing(
        self, platform: Platform, service: Service, fault: str
    ) -> None:
        before = self._one_more(platform, f"before a {fault} dump")
        dump = self.dumped(platform)
        bad = {
            "cut": dump[: len(dump) * 2 // 3],
            "empty": b"",
            "foreign": self.foreign,
            "newer": self.newer(dump),
        }[fault]
        if bad is None:
            pytest.skip("its dumps do not tell of which version they are")
        with pytest.raises(Refused) as caught:
            self._imported(platform, bad)
        assert refused(caught.value)
        assert services.find(platform, service.noun, service.name) == service
        assert self.read(self.session(platform)) == before
        labels = containers.labels(platform, service)
        assert [info.name for info in platform.engine.containers(labels)] == [service.container]

    def test_a_clone_has_the_data_and_a_password_of_its_own(
        self, platform: Platform, service: Service
    ) -> None:
        before = self._one_more(platform, "cloned")
        new = ServiceName("clone")
        moving.clone(platform, REPORT, self.kind, service.name, new=new)
        clone = services.find(platform, service.noun, new)
        assert self.read(containers.session(platform, clone)) == before
        assert clone.password != service.password
        life.destroy(platform, self.kind, clone)

    @pytest.mark.parametrize("passphrase", ["", "correct horse battery staple"])
    def test_a_backup_can_be_proved_and_restored(
        self, platform: Platform, service: Service, passphrase: str
    ) -> None:
        services.keep(platform, replace(service, passphrase=passphrase))
        before = self._one_more(platform, f"backed up {len(passphrase)}")
        made = backups.backup(platform, REPORT, self.kind, service.name)
        assert made.sealed == bool(passphrase)
        backups.verify(platform, REPORT, self.kind, service.name, wanted=made.id, place="")
        self.write(self.session(platform), "after the backup")
        given: dict[str, Any] = {"wanted": made.id, "place": "", "of": ""}
        backups.restore(platform, REPORT, self.kind, service.name, **given)
        assert self.read(self.session(platform)) == before
        made.remove(open_vault(platform, ""))

    @pytest.mark.parametrize("fault", ["changed", "cut", "rows"])
    def test_a_damaged_backup_is_refused_and_changes_nothing(
        self, platform: Platform, service: Service, fault: str
    ) -> None:
        before = self._one_more(platform, f"before a {fault} backup")
        made = backups.backup(platform, REPORT, self.kind, service.name)
        vault = open_vault(platform, "")
        with vault.open(made.data) as file:
            data = bytearray(file.read())
        if fault == "changed":
            data[len(data) // 2] ^= 1
        if fault == "cut":
            del data[len(data) // 2 :]
        vault.put(made.data, io.BytesIO(data))
        if fault == "rows":
            table = max(made.most, key=lambda name: made.most[name])
            more = {table: made.most[table] + 1}
            replace(made, least=made.least | more, most=made.most | more).write(vault)
        given: dict[str, Any] = {"wanted": made.id, "place": "", "of": ""}
        with pytest.raises(Refused) as caught:
            backups.restore(platform, REPORT, self.kind, service.name, **given)
        assert refused(caught.value)
        assert services.find(platform, service.noun, service.name).volume == service.volume
        assert self.read(self.session(platform)) == before
        made.remove(vault)
        assert manifest.every(vault, service.noun, service.name) == []

    def test_an_upgrade_keeps_the_data_and_can_be_undone(
        self, platform: Platform, service: Service, another_image: str
    ) -> None:
        before = self._one_more(platform, "upgraded")
        given = {"image": another_image}
        after = upgrading.upgrade(platform, REPORT, self.kind, service.name, **given)
        assert after.image == another_image
        assert self.read(self.session(platform)) == before
        self.write(self.session(platform), "lost by going back")
        back = upgrading.go_back(platform, REPORT, self.kind, service.name)
        assert (back.image, back.volume) == (service.image, service.volume)
        assert self.read(self.session(platform)) == before
        held = f"dokkupy-{platform.root_id}/service-{service.noun}-{service.name}:before"
        assert not images.is_there(platform, held)

    @pytest.fixture
    def another_image(self, platform: Platform, service: Service, tmp_path: Path) -> Iterator[str]:
        """Give the name of an image that does the same and is another one."""
        (tmp_path / "Dockerfile").write_text(f"FROM {service.image}\n")
        build = ImageBuild(
            context=tmp_path,
            dockerfile="Dockerfile",
            args={},
            labels={"dokkupy.root": platform.root_id},
            memory=256 * 1024**2,
            cpu_shares=512,
        )
        image = platform.engine.build(build, lambda _: None)
        name = self.kind.server_for("").image.upstream.partition(":")[0]
        reference = f"{name}:contract"
        platform.engine.tag(image, reference)
        yield reference
        platform.engine.remove_image(reference)

    def _imported(self, platform: Platform, dump: bytes) -> int:
        return moving.import_(platform, REPORT, self.kind, NAME, source=io.BytesIO(dump))
