"""The hooks that every service plugin has, made from its kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dokkupy import hookimpl

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.services.kind import ServiceKind
    from dokkupy.types import ContainerOptions, EnvLayer, Phase


class ServiceHooks(NamedTuple):
    """Hook implementations, each to be bound to its own name in the plugin's entry module."""

    register_services: Any
    env_compile: Any
    container_options: Any
    provide_image: Any
    app_destroyed: Any


def service_hooks(kind: ServiceKind) -> ServiceHooks:
    """Return the hooks of a plugin that knows one kind of service."""

    @hookimpl
    def register_services() -> ServiceKind:
        return kind

    @hookimpl
    def env_compile(platform: Platform, app: AppName, phase: Phase) -> Sequence[EnvLayer]:
        from dokkupy.services import links

        if phase == "build":  # nothing of an app is on the network of a link yet
            return ()
        own = links.of_kind(platform, kind, app)
        return [links.layer(kind, one, link) for one, link in own]

    @hookimpl
    def container_options(platform: Platform, app: AppName) -> ContainerOptions | None:
        from dokkupy.services import links
        from dokkupy.types import ContainerOptions

        own = links.of_kind(platform, kind, app)
        return ContainerOptions(networks=tuple(link.network for _, link in own)) if own else None

    @hookimpl
    def provide_image(
        platform: Platform, reference: str, on_line: Callable[[str], None]
    ) -> bool | None:
        from dokkupy.services import images

        return images.provide(platform, kind, reference, on_line)

    @hookimpl
    def app_destroyed(platform: Platform) -> None:
        from dokkupy.services import networks

        networks.sweep(platform)

    return ServiceHooks(
        register_services, env_compile, container_options, provide_image, app_destroyed
    )
