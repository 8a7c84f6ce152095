"""The frozen values that hooks, operations and providers exchange, imported one by one when used.

To make a frozen dataclass takes Python half a millisecond, and a command needs few of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dokkupy.types.build import Build as Build
    from dokkupy.types.build import BuildOptions as BuildOptions
    from dokkupy.types.build import BuildRecord as BuildRecord
    from dokkupy.types.build import BuildState as BuildState
    from dokkupy.types.build import Source as Source
    from dokkupy.types.container import ContainerOptions as ContainerOptions
    from dokkupy.types.container import Mount as Mount
    from dokkupy.types.environment import Environment as Environment
    from dokkupy.types.environment import Phase as Phase
    from dokkupy.types.event import Event as Event
    from dokkupy.types.failure import Failure as Failure
    from dokkupy.types.instance import Endpoint as Endpoint
    from dokkupy.types.instance import Instance as Instance
    from dokkupy.types.instance import InstanceState as InstanceState
    from dokkupy.types.layer import EnvLayer as EnvLayer
    from dokkupy.types.layer import Rank as Rank
    from dokkupy.types.process import Check as Check
    from dokkupy.types.process import ProcessType as ProcessType
    from dokkupy.types.process import Scale as Scale
    from dokkupy.types.property import Property as Property
    from dokkupy.types.property import PropertyGroup as PropertyGroup
    from dokkupy.types.release import Release as Release
    from dokkupy.types.release import ReleaseState as ReleaseState
    from dokkupy.types.route import Certificate as Certificate
    from dokkupy.types.route import Route as Route
    from dokkupy.types.route import RouteState as RouteState
    from dokkupy.types.site import Site as Site
    from dokkupy.types.site import SiteFallback as SiteFallback
    from dokkupy.types.site import SiteHeader as SiteHeader
    from dokkupy.types.site import SiteRedirect as SiteRedirect
    from dokkupy.types.site import SiteSettings as SiteSettings
    from dokkupy.types.stream import ExitStatus as ExitStatus
    from dokkupy.types.stream import Feed as Feed
    from dokkupy.types.stream import Line as Line
    from dokkupy.types.stream import Stream as Stream

_HOMES = {
    "Build": "build",
    "BuildOptions": "build",
    "BuildRecord": "build",
    "BuildState": "build",
    "Certificate": "route",
    "Check": "process",
    "ContainerOptions": "container",
    "Endpoint": "instance",
    "EnvLayer": "layer",
    "Environment": "environment",
    "Event": "event",
    "ExitStatus": "stream",
    "Failure": "failure",
    "Feed": "stream",
    "Instance": "instance",
    "InstanceState": "instance",
    "Line": "stream",
    "Mount": "container",
    "Phase": "environment",
    "ProcessType": "process",
    "Property": "property",
    "PropertyGroup": "property",
    "Rank": "layer",
    "Release": "release",
    "ReleaseState": "release",
    "Route": "route",
    "RouteState": "route",
    "Scale": "process",
    "Site": "site",
    "SiteFallback": "site",
    "SiteHeader": "site",
    "SiteRedirect": "site",
    "SiteSettings": "site",
    "Source": "build",
    "Stream": "stream",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return found


def __dir__() -> list[str]:
    return sorted(_HOMES)
