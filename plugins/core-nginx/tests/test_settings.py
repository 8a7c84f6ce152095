from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dokkupy.operations.parameters import convert
from dokkupy.testing.contracts.proxy import route
from dokkupy.types import Property
from dokkupy_core_nginx.settings import DEFAULTS, GROUP, Settings, settings_of
from dokkupy_core_nginx.testing import NginxBench

PER_APP = [item for item in GROUP.properties if item.scopes == "both"]


def test_every_field_is_a_property_and_has_its_default() -> None:
    assert settings_of({item.name: item.default for item in GROUP.properties}) == DEFAULTS
    assert {item.name.replace("-", "_") for item in PER_APP} == set(Settings.__dataclass_fields__)


def test_a_changed_setting_takes_effect_at_once() -> None:
    assert {item.takes_effect for item in GROUP.properties} == {"now"}


def allowed(item: Property) -> st.SearchStrategy[object]:
    if item.choices:
        return st.sampled_from(item.choices)
    if item.pattern:
        texts = st.from_regex(item.pattern, fullmatch=True)
        return texts.map(lambda text: convert(item.type, text, item.name))
    return st.just(item.default)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=st.fixed_dictionaries({item.name: allowed(item) for item in PER_APP}))
def test_nginx_accepts_every_value_that_a_setting_allows(
    bench: NginxBench, values: dict[str, object]
) -> None:
    bench.settings["one"] = bench.defaults = settings_of(values)
    bench.settings["two"] = DEFAULTS
    bench.proxy.apply([route("one"), route("two")])
    assert bench.proxy.status().detail == ""
