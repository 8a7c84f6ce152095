"""The local scheduler on the fake engine: no address is lost, whatever fails on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from dokkupy.engine import ContainerSpec
from dokkupy.errors import Conflict, DeployFailed, EngineError, NotFound
from dokkupy.names import ProcessName
from dokkupy.scheduler import OneOff, Placement
from dokkupy.scheduler_docker import ADDRESS, LAUNCHER, NAME
from dokkupy.testing.program import Program
from dokkupy.testing.sources import commit
from dokkupy.types import Environment, Scale

if TYPE_CHECKING:
    from tests.unit.asked import Asked
    from tests.unit.shop import Shop


@pytest.fixture
def served(shop: Shop) -> Shop:
    shop.push(web="one")
    return shop


def held(shop: Shop) -> set[str]:
    return {row["address"] for row in shop.store.database.rows("SELECT address FROM addresses")}


def addresses(shop: Shop) -> set[str]:
    return {container.labels[ADDRESS] for container in shop.containers()}


def placement(shop: Shop) -> Placement:
    release = shop.store.releases.get(shop.name, 1)
    instance = shop.store.instances.add(shop.name, 1, ProcessName("web"), 2)
    return Placement(
        instance=instance.id,
        release=release,
        process=release.processes[0],
        ordinal=2,
        scale=Scale(quantity=2),
    )


def one_off(shop: Shop, *command: str) -> OneOff:
    return OneOff(
        release=shop.store.releases.get(shop.name, 1),
        command=command or ("true",),
        env=Environment(),
        scale=Scale(quantity=1),
        purpose="run",
    )


ERRORS = [EngineError("No space."), Conflict("Address in use."), NotFound("No such container.")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("verb", ["create", "start"])
@pytest.mark.parametrize("work", ["stage", "run", "attach"])
def test_what_cannot_be_created_or_started_holds_no_address_and_no_container(
    served: Shop, work: str, verb: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = served.platform.scheduler
    before = addresses(served)

    def fail(*_: object) -> str:
        raise error

    monkeypatch.setattr(
        served.engine, "attach" if (work, verb) == ("attach", "start") else verb, fail
    )
    works: dict[str, Callable[[], object]] = {
        "stage": lambda: scheduler.stage(placement(served)),
        "run": lambda: list(scheduler.run(one_off(served))),
        "attach": lambda: scheduler.attach(one_off(served)),
    }
    with pytest.raises(type(error)):
        works[work]()
    assert addresses(served) == before
    assert held(served) == before


def test_a_command_that_is_not_there_is_told_by_its_name(
    served: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(container: str) -> None:
        raise EngineError('exec: "sh": executable file not found in $PATH')

    monkeypatch.setattr(served.engine, "start", fail)
    with pytest.raises(EngineError, match="The image has no sh to start"):
        served.platform.scheduler.stage(placement(served))


def test_a_one_off_gives_its_address_back_however_it_ends(served: Shop) -> None:
    scheduler = served.platform.scheduler
    before = held(served)
    served.engine.program(Program(exits=0, line=("said",)), matching="do-well")
    assert list(scheduler.run(one_off(served, "do-well"))) == [b"said"]
    assert held(served) == before
    served.engine.program(Program(exits=3), matching="do-badly")
    with pytest.raises(DeployFailed, match="`do-badly 'it all'` ended with exit code 3") as error:
        list(scheduler.run(one_off(served, "do-badly", "it all")))
    assert error.value.hint == "Mend what it printed and push again; nothing was switched."
    assert held(served) == before


def test_a_one_off_that_nobody_reads_on_is_removed(served: Shop) -> None:
    before = held(served)
    served.engine.program(Program(line=("a", "b")), matching="do-it")
    lines = served.platform.scheduler.run(one_off(served, "do-it"))
    assert next(iter(lines)) == b"a"
    close: Any = lines
    close.close()
    assert held(served) == before


def test_the_address_of_a_one_off_is_not_freed_by_the_apps_own_sweep(served: Shop) -> None:
    # Its container is not there yet when the sweep looks.
    address = served.store.addresses.take(f"{served.name} run", subnet(served))
    known = {instance.reference for instance in served.store.instances.list()}
    assert served.platform.scheduler.orphans(served.name, known) == []
    assert address in held(served)


def subnet(shop: Shop) -> str:
    return shop.store.meta.get("subnet")


def test_containers_that_nobody_knows_are_orphans_and_their_addresses_stay(
    served: Shop,
) -> None:
    placed = served.platform.scheduler.stage(placement(served))
    leaked = served.store.addresses.take(served.name, subnet(served))
    known = {instance.reference for instance in served.store.instances.list()}
    assert served.platform.scheduler.orphans(served.name, known) == [placed.reference]
    assert held(served) == addresses(served)
    assert leaked not in held(served)


def test_a_container_that_vanishes_under_its_retirement_is_retired(
    served: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    [instance] = served.store.instances.list()
    set_policy = served.engine.set_restart_policy

    def vanish(container: str, policy: Any) -> None:
        served.engine.remove(container)
        set_policy(container, policy)

    monkeypatch.setattr(served.engine, "set_restart_policy", vanish)
    served.platform.scheduler.retire(instance.reference, 1)
    assert held(served) == set()


def test_a_missing_container_may_be_promoted_paused_and_retired(served: Shop) -> None:
    scheduler = served.platform.scheduler
    scheduler.promote("no-such-container")
    scheduler.pause("no-such-container", 1)
    scheduler.retire("no-such-container", 1)
    assert not scheduler.resume("no-such-container")
    assert scheduler.status("no-such-container").state == "gone"


@pytest.mark.parametrize("launcher", ["", "/usr/local/bin/launch"])
def test_entering_prepares_the_environment_as_the_image_does_for_its_processes(
    ask: Asked, shop: Shop, monkeypatch: pytest.MonkeyPatch, launcher: str
) -> None:
    labels = {LAUNCHER: launcher} if launcher else {}
    shop.engine.add_image("made/elsewhere:1", command=("serve",), labels=labels)
    ask("deploy", app="shop", image="made/elsewhere:1")
    entered: list[list[str]] = []

    def execute(_: str, command: list[str], **__: object) -> int:
        entered.append(list(command))
        return 0

    monkeypatch.setattr(shop.engine, "execute", execute)
    ask("enter", app="shop", container="web.1", command=["python", "-V"])
    assert entered == [[*filter(None, [launcher]), "python", "-V"]]


def test_the_images_own_command_is_run_by_the_name_of_its_process(
    ask: Asked, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(shop.platform, shop.name, {"Dockerfile": 'FROM test/base\nCMD ["own-command"]\n'})
    shop.deploy()
    monkeypatch.setattr(shop.engine, "attach", lambda _: 0)
    created: list[ContainerSpec] = []
    create = shop.engine.create

    def note(spec: ContainerSpec) -> str:
        created.append(spec)
        return create(spec)

    monkeypatch.setattr(shop.engine, "create", note)
    assert ask("run command", app="shop", words=["web"]).code == 0
    assert ask("run command", app="shop", words=["web"], env=["PORT=80"]).code == 0
    assert ask("run command", app="shop", words=["web", "--help"]).code == 0
    assert [spec.command for spec in created] == [(), (), ("web", "--help")]
    # A process that is run by its name listens where it would.
    assert [spec.env.get("PORT") for spec in created] == ["5000", "80", None]
    for spec in created:
        told = (spec.env["DOKKUPY_APP"], spec.env["DOKKUPY_RELEASE"], spec.env["DOKKUPY_PROCESS"])
        assert told == ("shop", "1", spec.labels[NAME])
