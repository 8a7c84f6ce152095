"""What postgres adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from dokkupy.services.hooks import service_hooks
from dokkupy.services.kind import ServiceKind

PLUGIN_API = ">=1,<2"

POSTGRES = ServiceKind(
    noun="postgres",
    title="PostgreSQL",
    port=5432,
    server="dokkupy_postgres.server:Postgres",
    known_as=("postgresql", "heroku-postgresql"),
    reserved=("postgres", "template0", "template1", "public", "none", "user", "pg_"),
    files_of_major=True,
)

register_services, env_compile, container_options, provide_image, app_destroyed = service_hooks(
    POSTGRES
)
