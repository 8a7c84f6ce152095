"""The examples of the hook reference are whole, fit their hooks and do what they seem to do."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from dokkupy.errors import DeployFailed, DokkupyError, Refused
from dokkupy.hookspecs import POLICIES
from dokkupy.names import AppName
from dokkupy.plugins import PluginState, validated
from dokkupy.types import (
    Build,
    Environment,
    Event,
    Failure,
    Instance,
    InstanceState,
    ProcessType,
    Release,
    Source,
)

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.testing.engine_fake import FakeEngine

FILE = Path(__file__).parents[2] / "docs" / "plugins" / "hook_examples.py"
APP = AppName("hello")


@pytest.fixture(scope="module")
def examples() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hook_examples", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def greeter(platform: Platform, examples: ModuleType) -> Platform:
    platform.hooks.add("greeter", examples)
    platform.store.apps.create(APP)
    platform.hooks.app_created(app=APP)
    return platform


def release(**env: str) -> Release:
    return Release(
        app=APP,
        number=4,
        image="greeter/base:1",
        revision="0" * 40,
        builder="greeter",
        processes=(ProcessType(name="web", command=("serve",), port=5000),),  # type: ignore[arg-type]
        env=Environment(env),
        config=Environment(),
        description="a test",
        actor="ann",
        created_at=0.0,
    )


def test_every_hook_has_an_example_that_fits_it(examples: ModuleType) -> None:
    state = PluginState(name="greeter", distribution="d", version="1", module="hook_examples")
    loaded = validated(state, examples)
    assert loaded.plugin.reason == ""
    assert set(loaded.hooks) == set(POLICIES)


def test_registrations_give_what_they_name(greeter: Platform, examples: ModuleType) -> None:
    assert examples.register_operations() == {"greet": "dokkupy_greeter.operations"}
    assert examples.register_properties().noun == "greet"
    assert examples.register_services().noun == "keyval"
    assert "stand-in" in [builder.name for builder in greeter.hooks.register_builders()]
    assert [proxy.status().running for proxy in greeter.hooks.register_proxies()] == [False]


def test_contributions_are_merged(greeter: Platform) -> None:
    hooks = greeter.hooks
    assert hooks.env_compile(app=APP, phase="build") == []
    [layer] = hooks.env_compile(app=APP, phase="run")
    assert layer.values == {"GREETING": "hello"}
    assert b"hello, hello" in hooks.build_options(app=APP).programs["greet"]
    assert hooks.container_options(app=APP, process="web").networks == ("greeter-hello",)
    assert hooks.container_options(app=APP, process="worker").networks == ()
    assert "hello.greeter.test" in hooks.vhosts(app=APP)
    assert hooks.nginx_render(app=APP)["greeter"].startswith("add_header")


def test_decisions_leave_to_others_what_is_not_theirs(
    greeter: Platform, fake_engine: FakeEngine
) -> None:
    told: list[str] = []
    fake_engine.registry.add("greeter/base:1")
    assert not greeter.hooks.provide_image(reference="other:1", on_line=told.append)
    assert greeter.hooks.provide_image(reference="greeter/base:1", on_line=told.append)
    assert told == ["Fetching greeter/base:1"]
    assert greeter.hooks.certificate_for(app=APP) is None
    folder = greeter.paths.root / "greeter" / APP
    folder.mkdir(parents=True)
    (folder / "chain.pem").touch()
    found = greeter.hooks.certificate_for(app=APP)
    assert found is not None
    assert found.key == folder / "key.pem"
    greeter.hooks.app_destroyed(app=APP)
    assert not folder.exists()


def test_vetoes_refuse_with_a_remedy(greeter: Platform, tmp_path: Path) -> None:
    (tmp_path / "NO-DEPLOY").touch()
    source = Source(app=APP, path=tmp_path, revision="0" * 40, origin="a test")
    instance = Instance(
        id=1,
        app=APP,
        release=4,
        process="web",  # type: ignore[arg-type]
        ordinal=1,
        reference="r",
        endpoint=None,
        state=InstanceState.STAGED,
    )
    hooks = greeter.hooks
    refusals: list[tuple[type[DokkupyError], Callable[[], None]]] = [
        (Refused, lambda: hooks.app_destroying(app=AppName("greeter-itself"))),
        (Refused, lambda: hooks.pre_build(source=source)),
        (Refused, lambda: hooks.pre_deploy(release=release(GREETING=""))),
        (
            DeployFailed,
            lambda: hooks.check_deploy(release=release(), instances=[instance] * 101),
        ),
    ]
    for kind, act in refusals:
        with pytest.raises(kind, match="greeter") as caught:
            act()
        assert caught.value.hint
    hooks.app_destroying(app=APP)
    hooks.pre_deploy(release=release())
    hooks.check_deploy(release=release(), instances=[instance])


def test_what_is_learned_is_kept(greeter: Platform) -> None:
    hooks, documents = greeter.hooks, greeter.store.documents
    greeter.store.apps.create(AppName("other"))
    documents.set(APP, "greet", "text", "good morning")
    hooks.app_cloned(app=AppName("other"), origin=APP)
    hooks.post_build(build=Build(app=APP, builder="greeter", image="sha256:0"))
    hooks.post_deploy(release=release())
    hooks.deploy_failed(app=APP, failure=Failure(process="web.1", cause="It is late."))
    hooks.on_event(event=Event(id=1, at=0.0, actor="ann", verb="app.locked", app=APP, data={}))
    kept = {key: documents.get(APP, "greet", key) for key in ("builder", "release", "failure")}
    assert documents.get("other", "greet", "text") == "good morning"
    assert kept == {"builder": "greeter", "release": 4, "failure": "It is late."}
    assert documents.get(APP, "greet", "locked-by") == "ann"
    assert hooks.warnings == []
