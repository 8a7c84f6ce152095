"""What redis adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping

from dokkupy import hookimpl
from dokkupy.services.hooks import service_hooks
from dokkupy.services.kind import ServiceKind

PLUGIN_API = ">=1,<2"

REDIS = ServiceKind(
    noun="redis",
    title="Redis",
    port=6379,
    server="dokkupy_redis.server:Redis",
    known_as=("heroku-redis", "heroku-key-value-store"),
    alias="REDIS",
)

register_services, env_compile, container_options, provide_image, app_destroyed = service_hooks(
    REDIS
)


@hookimpl
def register_operations() -> Mapping[str, str]:
    """Name the operation that only Redis has."""
    return {"redis": "dokkupy_redis.operations"}
