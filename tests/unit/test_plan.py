"""Plans: what is staged and what is retired, decided by value alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dokkupy import plan
from dokkupy.names import AppName, ProcessName
from dokkupy.plan import Plan, Slot
from dokkupy.types import Environment, Instance, InstanceState, ProcessType, Release, Scale

SHOP = AppName("shop")
WEB, WORKER, CLOCK = ProcessName("web"), ProcessName("worker"), ProcessName("clock")
Names = set[tuple[str, int]]

quantities = st.dictionaries(st.sampled_from([WEB, WORKER, CLOCK]), st.integers(0, 4))
processes = st.lists(st.sampled_from([WEB, WORKER, CLOCK]), min_size=1, unique=True)
running = st.sets(st.tuples(st.sampled_from(["web", "worker", "clock"]), st.integers(1, 5)))


def release(*names: ProcessName) -> Release:
    return Release(
        app=SHOP,
        number=3,
        image="sha256:1",
        revision="0" * 40,
        builder="dockerfile",
        processes=tuple(ProcessType(name=name) for name in names),
        env=Environment(),
        config=Environment(),
        description="",
        actor="",
        created_at=0.0,
    )


def formation(chosen: dict[ProcessName, int]) -> dict[ProcessName, Scale]:
    return {name: Scale(quantity=number, memory=number + 1) for name, number in chosen.items()}


def live(names: Names) -> list[Instance]:
    return [
        Instance(
            id=number,
            app=SHOP,
            release=2,
            process=ProcessName(process),
            ordinal=ordinal,
            reference=f"{process}.{ordinal}",
            endpoint=None,
            state=InstanceState.LIVE,
        )
        for number, (process, ordinal) in enumerate(sorted(names))
    ]


def staged(planned: Plan) -> list[tuple[str, int]]:
    return [(str(slot.process.name), slot.ordinal) for slot in planned.stage]


def retired(planned: Plan) -> list[tuple[str, int]]:
    return [(str(instance.process), instance.ordinal) for instance in planned.retire]


def wanted(names: list[ProcessName], chosen: dict[ProcessName, int]) -> Names:
    return {
        (str(name), ordinal)
        for name in names
        for ordinal in range(1, chosen.get(name, 1 if name == WEB else 0) + 1)
    }


def test_what_was_never_decided_is_one_web_and_nothing_else() -> None:
    planned = plan.everything(release(WEB, WORKER), {}, [])
    assert planned.stage == (
        Slot(process=ProcessType(name=WEB), ordinal=1, scale=Scale(quantity=1)),
    )
    assert plan.scale_of(WEB, {}) == Scale(quantity=1)
    assert plan.scale_of(WORKER, {}) == Scale(quantity=0)


def test_a_process_scaled_to_nothing_is_not_as_if_never_decided() -> None:
    assert plan.everything(release(WEB), {WEB: Scale(quantity=0)}, []).stage == ()


@given(names=processes, chosen=quantities, there=running)
def test_a_new_release_has_everything_anew(
    names: list[ProcessName], chosen: dict[ProcessName, int], there: Names
) -> None:
    planned = plan.everything(release(*names), formation(chosen), live(there))
    assert set(staged(planned)) == wanted(names, chosen)
    assert len(staged(planned)) == len(set(staged(planned)))
    assert set(retired(planned)) == there
    assert all(
        slot.scale == plan.scale_of(slot.process.name, formation(chosen)) for slot in planned.stage
    )


@given(names=processes, chosen=quantities, there=running)
def test_a_difference_leads_to_what_is_wanted_and_touches_nothing_else(
    names: list[ProcessName], chosen: dict[ProcessName, int], there: Names
) -> None:
    planned = plan.difference(release(*names), formation(chosen), live(there))
    after = (there - set(retired(planned))) | set(staged(planned))
    assert after == wanted(names, chosen)
    assert not set(staged(planned)) & there
    assert not set(staged(planned)) & set(retired(planned))


@given(
    names=processes, chosen=quantities, there=running, named=st.sets(st.sampled_from([WEB, CLOCK]))
)
def test_a_replacement_is_of_the_named_processes_alone(
    names: list[ProcessName],
    chosen: dict[ProcessName, int],
    there: Names,
    named: set[ProcessName],
) -> None:
    planned = plan.replacement(release(*names), formation(chosen), live(there), named)
    assert set(staged(planned)) == {slot for slot in wanted(names, chosen) if slot[0] in named}
    assert set(retired(planned)) == {name for name in there if name[0] in named}


@given(there=running)
def test_a_stop_retires_everything(there: Names) -> None:
    planned = plan.nothing(release(WEB), live(there))
    assert planned.stage == ()
    assert set(retired(planned)) == there
