"""One implementation of every hook, as a plugin's entry module could have them.

`docs/reference/hooks.md` shows them; `tests/unit/test_hook_examples.py` calls each one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from dokkupy import hookimpl
from dokkupy.errors import DeployFailed, Refused
from dokkupy.names import HostName
from dokkupy.types import (
    Build,
    BuildOptions,
    Certificate,
    Environment,
    EnvLayer,
    Event,
    Failure,
    Instance,
    Phase,
    Property,
    PropertyGroup,
    Rank,
    Release,
    Source,
)
from dokkupy.types.container import ContainerOptions

if TYPE_CHECKING:
    from dokkupy.builder import Builder
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.proxy import Proxy
    from dokkupy.services.kind import ServiceKind

PLUGIN_API = ">=1,<2"


@hookimpl
def register_operations() -> Mapping[str, str]:
    return {"greet": "dokkupy_greeter.operations"}


@hookimpl
def register_properties() -> PropertyGroup:
    text = Property(name="text", type=str, default="hello", help="What apps are greeted with")
    return PropertyGroup(noun="greet", properties=(text,))


@hookimpl
def register_builders() -> Sequence[Builder]:
    from dokkupy.testing.stand_in import StandInBuilder  # yours lives in a module of its own

    return [StandInBuilder()]


@hookimpl
def register_proxies(platform: Platform) -> Proxy:
    from dokkupy.testing.proxy_fake import FakeProxy  # yours starts nothing here either

    return FakeProxy(int(platform.store.meta.get("http_port")))


@hookimpl
def register_services() -> ServiceKind:
    from dokkupy.services.kind import ServiceKind

    return ServiceKind(
        noun="keyval", title="KeyVal", port=7000, server="dokkupy_keyval.server:make", alias="KV"
    )


@hookimpl
def provide_image(
    platform: Platform, reference: str, on_line: Callable[[str], None]
) -> bool | None:
    if reference != "greeter/base:1":
        return None
    on_line("Fetching greeter/base:1")
    platform.engine.pull(reference, timeout=600)
    return True


@hookimpl
def certificate_for(platform: Platform, app: AppName) -> Certificate | None:
    folder = platform.paths.root / "greeter" / app
    if not (folder / "chain.pem").is_file():
        return None
    names = (f"{app}.greeter.test",)
    return Certificate(chain=folder / "chain.pem", key=folder / "key.pem", names=names)


@hookimpl
def env_compile(platform: Platform, app: AppName, phase: Phase) -> Sequence[EnvLayer]:
    if phase == "build":
        return []
    text = str(platform.store.documents.get(app, "greet", "text") or "hello")
    return [EnvLayer(rank=Rank.DEFAULT, origin="greeter", values=Environment(GREETING=text))]


@hookimpl
def build_options(app: AppName) -> BuildOptions | None:
    return BuildOptions(programs={"greet": f"#!/bin/sh\necho hello, {app}\n".encode()})


@hookimpl
def container_options(app: AppName, process: str) -> ContainerOptions | None:
    return ContainerOptions(networks=(f"greeter-{app}",)) if process == "web" else None


@hookimpl
def vhosts(app: AppName) -> Sequence[HostName] | None:
    return [HostName(f"{app}.greeter.test")]


@hookimpl
def nginx_render(app: AppName) -> str | None:
    return f'add_header X-Greeting "hello from {app}" always;'


@hookimpl
def app_created(platform: Platform, app: AppName) -> None:
    platform.store.documents.set(app, "greet", "text", "hello")


@hookimpl
def app_cloned(platform: Platform, app: AppName, origin: AppName) -> None:
    text = platform.store.documents.get(origin, "greet", "text")
    platform.store.documents.set(app, "greet", "text", text)


@hookimpl
def app_renamed(platform: Platform, app: AppName, before: AppName) -> None:
    kept = platform.paths.root / "greeter"
    if (kept / before).exists():
        (kept / before).rename(kept / app)


@hookimpl
def app_destroying(app: AppName) -> None:
    if app == "greeter-itself":
        raise Refused(f"{app} greets all the others.", hint="dokkupy plugin disable greeter")


@hookimpl
def app_destroyed(platform: Platform, app: AppName) -> None:
    import shutil

    shutil.rmtree(platform.paths.root / "greeter" / app, ignore_errors=True)


@hookimpl
def pre_build(source: Source) -> None:
    if (source.path / "NO-DEPLOY").exists():
        raise Refused("The source says that it is not to be deployed.", hint="git rm NO-DEPLOY")


@hookimpl
def post_build(platform: Platform, build: Build) -> None:
    platform.store.documents.set(build.app, "greet", "builder", build.builder)


@hookimpl
def pre_deploy(release: Release) -> None:
    if "GREETING" in release.env and not release.env["GREETING"]:
        raise Refused(
            f"{release.app} would greet with nothing.",
            hint=f"dokkupy config set {release.app} GREETING=hello",
        )


@hookimpl
def check_deploy(release: Release, instances: Sequence[Instance]) -> None:
    if len(instances) > 100:
        raise DeployFailed(
            f"{release.app} would have {len(instances)} containers.",
            hint=f"dokkupy ps scale {release.app} web=1",
        )


@hookimpl
def post_deploy(platform: Platform, release: Release) -> None:
    platform.store.documents.set(release.app, "greet", "release", release.number)


@hookimpl
def deploy_failed(platform: Platform, app: AppName, failure: Failure) -> None:
    platform.store.documents.set(app, "greet", "failure", failure.cause)


@hookimpl
def on_event(platform: Platform, event: Event) -> None:
    if event.verb == "app.locked":
        platform.store.documents.set(event.app, "greet", "locked-by", event.actor)
