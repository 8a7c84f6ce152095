"""Every hook that a plugin can implement: when it runs, what to return, what a failure means.

An implementation takes the arguments it needs by name and leaves out the others. The families
and their failure policies are named in `POLICIES`; `dokkupy.hooks` holds to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal

import pluggy

if TYPE_CHECKING:
    from dokkupy.builder import Builder
    from dokkupy.names import AppName, HostName
    from dokkupy.platform import Platform
    from dokkupy.proxy import Proxy
    from dokkupy.services.kind import ServiceKind
    from dokkupy.types import (
        Build,
        BuildOptions,
        Certificate,
        ContainerOptions,
        EnvLayer,
        Event,
        Failure,
        Instance,
        Phase,
        PropertyGroup,
        Release,
        Source,
    )

PROJECT: Final = "dokkupy"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Policy = Literal["register", "decide", "contribute", "veto", "isolated"]

POLICIES: Final[Mapping[str, Policy]] = {
    "register_operations": "register",
    "register_properties": "register",
    "register_builders": "register",
    "register_proxies": "register",
    "register_services": "register",
    "provide_image": "decide",
    "certificate_for": "decide",
    "env_compile": "contribute",
    "build_options": "contribute",
    "container_options": "contribute",
    "vhosts": "contribute",
    "nginx_render": "contribute",
    "app_created": "isolated",
    "app_cloned": "veto",
    "app_renamed": "isolated",
    "app_destroying": "veto",
    "app_destroyed": "isolated",
    "pre_build": "veto",
    "post_build": "isolated",
    "pre_deploy": "veto",
    "check_deploy": "veto",
    "post_deploy": "isolated",
    "deploy_failed": "isolated",
    "on_event": "isolated",
}
"""What an implementation that raises does to the rest.

register: the plugin is shown as broken and skipped. decide: the first answer that is not None
counts, an exception aborts. contribute: pure, every answer is merged, an exception aborts before
anything has changed. veto: an exception stops what was about to happen. isolated: an exception
is logged and changes nothing.
"""

MOMENTS: Final[Mapping[str, str]] = {
    "register_operations": "when the set of installed plugins has changed",
    "register_properties": "when the set has changed, and when a setting of the noun is used",
    "register_builders": "before each build",
    "register_proxies": "when a command needs the proxy",
    "register_services": "when the set has changed, and when a service of the kind is used",
    "provide_image": "before a build whose base image the engine lacks",
    "certificate_for": "for every app whenever routes are computed",
    "env_compile": "before each build and each release of an app",
    "build_options": "before each build of an app",
    "container_options": "before a container of an app is made",
    "vhosts": "for every app whenever routes are computed",
    "nginx_render": "for every app whenever nginx is configured",
    "app_created": "after an app was created or cloned",
    "app_cloned": "within the write that makes a clone",
    "app_renamed": "after an app got another name",
    "app_destroying": "before anything of an app is removed",
    "app_destroyed": "after an app is gone",
    "pre_build": "before a source is built",
    "post_build": "after an image came out of a build",
    "pre_deploy": "before the containers of a release are staged",
    "check_deploy": "after the staged containers passed their own checks, before the switch",
    "post_deploy": "after a release has the traffic and the one before is gone",
    "deploy_failed": "after a deploy failed; what served before still serves",
    "on_event": "after the change that an event tells of was committed",
}
"""When a hook is called."""


@hookspec
def register_operations() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Name the modules that hold operations: noun -> module (`{"domains": "pkg.operations"}`).

    Called without a platform when the index is built; import nothing heavy.
    """


@hookspec
def register_properties() -> PropertyGroup:  # type: ignore[empty-body]
    """Declare the plugin's settings; `NOUN set` and `NOUN report` follow from them."""


@hookspec
def register_builders() -> Sequence[Builder]:  # type: ignore[empty-body]
    """Give the builders of this plugin; each is asked in the order of plugin names."""


@hookspec
def register_proxies(platform: Platform) -> Proxy:  # type: ignore[empty-body]
    """Give the proxy of this plugin for the root of `platform`; it must not start anything."""


@hookspec
def register_services() -> ServiceKind:  # type: ignore[empty-body]
    """Say what is particular to one kind of server; the operations under its noun follow.

    One that the plugin gives under the same noun and name by `register_operations` stands in
    for the usual one, as `redis create` does, which takes a mode.

    Called without a platform when the index is built; import nothing heavy. A plugin gets this
    and every other hook that a service needs from `dokkupy.services.hooks.service_hooks`.
    """


@hookspec(firstresult=True)
def provide_image(
    platform: Platform, reference: str, on_line: Callable[[str], None]
) -> bool | None:
    """Make a base image that the engine lacks available under `reference`.

    Runs before a build whose base image is missing. Return True when it is there now, None
    when the image is not yours. `on_line` takes progress.
    """


@hookspec(firstresult=True)
def certificate_for(platform: Platform, app: AppName) -> Certificate | None:
    """Give the certificate with which an app is served over https; None when you have none.

    Runs for every app whenever routes are computed: look up what is known, read no certificate.
    Its files lie below the root, and stay until the routes were applied without them.
    """


@hookspec
def env_compile(  # type: ignore[empty-body]
    platform: Platform, app: AppName, phase: Phase
) -> Sequence[EnvLayer]:
    """Contribute environment variables to one app in one phase; pure, no engine calls.

    Give a layer for each rank that is needed (defaults below what a person chose), or none.
    Two plugins that set one key at the same rank to different values are refused by name.
    """


@hookspec
def build_options(platform: Platform, app: AppName) -> BuildOptions | None:
    """Contribute programs that builds of an app find first in their `PATH`; pure.

    Builders whose builds have no `PATH` of the server's making leave them out. Two plugins that
    give different programs one name are refused.
    """


@hookspec
def container_options(platform: Platform, app: AppName, process: str) -> ContainerOptions | None:
    """Contribute networks and mounts to the containers of an app; pure, no engine calls.

    `process` is the name of the process, empty for the release task and for what people run
    beside the app. The networks must exist. Two plugins that mount at one path are refused.
    """


@hookspec
def vhosts(platform: Platform, app: AppName) -> Sequence[HostName] | None:
    """Contribute host names under which the app is served; pure."""


@hookspec
def nginx_render(platform: Platform, app: AppName) -> str | None:
    """Contribute nginx directives to the app's `server` block; pure.

    They are validated with the app's own configuration before anything is swapped: a refused
    snippet fails the change of this app and touches no other.
    """


@hookspec
def app_created(platform: Platform, app: AppName) -> None:
    """Learn that an app has been created."""


@hookspec
def app_cloned(platform: Platform, app: AppName, origin: AppName) -> None:
    """Carry what you keep of the app `origin` over to its new clone `app`; raise to refuse.

    Config, declared settings and scale are carried over already. Runs inside the write that
    makes the clone, so use the store alone. What the world knows `origin` by stays its own.
    """


@hookspec
def app_renamed(platform: Platform, app: AppName, before: AppName) -> None:
    """Learn that what was the app `before` is called `app` now.

    What a plugin keeps in the store has moved along; move what you keep beside it. It can be
    called a second time when the first was cut short.
    """


@hookspec
def app_destroying(platform: Platform, app: AppName) -> None:
    """Learn that an app is about to be destroyed; raise to refuse."""


@hookspec
def app_destroyed(platform: Platform, app: AppName) -> None:
    """Learn that an app is gone; remove what you kept of it beside the store.

    What a plugin keeps in the store is gone already, and nothing serves the app any more.
    """


@hookspec
def pre_build(platform: Platform, source: Source) -> None:
    """Look at a source before it is built; raise to refuse it."""


@hookspec
def post_build(platform: Platform, build: Build) -> None:
    """Learn that an image came out of a build."""


@hookspec
def pre_deploy(platform: Platform, release: Release) -> None:
    """Look at a release before its containers are staged; raise to refuse it."""


@hookspec
def check_deploy(platform: Platform, release: Release, instances: Sequence[Instance]) -> None:
    """Check the staged containers, after their own checks passed; raise to refuse the switch."""


@hookspec
def post_deploy(platform: Platform, release: Release) -> None:
    """Learn that a release has the traffic and the one before is gone."""


@hookspec
def deploy_failed(platform: Platform, app: AppName, failure: Failure) -> None:
    """Learn that a deploy failed; the release before still serves."""


@hookspec
def on_event(platform: Platform, event: Event) -> None:
    """Learn of any event after its change was committed."""
