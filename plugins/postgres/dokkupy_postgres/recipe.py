"""PostgreSQL of the distribution's packages, as the registry's image would be."""

from __future__ import annotations

from typing import Final

from dokkupy.services.server import Recipe

START: Final = """\
#!/bin/sh
# Takes the same variables and first steps as the image of PostgreSQL in registries.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  umask 077
  # shellcheck disable=SC2086
  initdb --pgdata="$PGDATA" --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" \\
    --auth-local=trust --auth-host=scram-sha-256 $POSTGRES_INITDB_ARGS >/dev/null
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  # On its socket alone: nobody shall find it before it is what it has to be.
  pg_ctl --pgdata="$PGDATA" --wait --options='-c listen_addresses=' start >/dev/null
  for file in /docker-entrypoint-initdb.d/*.sql; do
    psql --username=postgres --dbname=postgres --no-psqlrc --quiet --set=ON_ERROR_STOP=1 <"$file"
  done
  pg_ctl --pgdata="$PGDATA" --wait --mode=fast stop >/dev/null
fi
exec postgres -c listen_addresses='*' "$@"
"""

DISTRIBUTION: Final = Recipe(
    reference="dokkupy/postgres:1",
    packages=("postgresql",),
    files={"/usr/local/bin/dokkupy-postgres": START},
    instructions=(
        "RUN rm -rf /var/lib/postgresql /etc/postgresql",
        "RUN ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin/",
        "RUN install -d /docker-entrypoint-initdb.d",
        "RUN install -d -o postgres -g postgres /var/lib/postgresql/data",
        "USER postgres",
        "STOPSIGNAL SIGINT",
        'ENTRYPOINT ["/usr/local/bin/dokkupy-postgres"]',
        "CMD []",
        "EXPOSE 5432",
    ),
)
