"""What mysql adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from dokkupy.services.hooks import service_hooks
from dokkupy.services.kind import ServiceKind

PLUGIN_API = ">=1,<2"

MYSQL = ServiceKind(
    noun="mysql",
    title="MySQL",
    port=3306,
    server="dokkupy_mysql.server:MySQL",
    known_as=("mariadb", "jawsdb", "jawsdb-maria", "cleardb"),
    reserved=("mysql", "sys", "information_schema", "performance_schema", "root", "mariadb_sys"),
)

register_services, env_compile, container_options, provide_image, app_destroyed = service_hooks(
    MYSQL
)
