"""MariaDB of the distribution's packages, as the registry's image would be."""

from __future__ import annotations

from typing import Final

from dokkupy.services.server import Recipe

START: Final = """\
#!/bin/sh
# Takes the same variables as the images of MariaDB and MySQL in registries.
set -eu
data=/var/lib/mysql
if [ ! -d "$data/mysql" ]; then
  mariadb-install-db --datadir="$data" --auth-root-authentication-method=normal --skip-test-db \\
    --skip-log-bin --skip-name-resolve >/dev/null
  umask 077
  cat >/tmp/first.sql <<END
DELETE FROM mysql.global_priv WHERE user = 'root' AND host <> 'localhost';
FLUSH PRIVILEGES;
ALTER USER root@localhost IDENTIFIED BY '$(cat "$MYSQL_ROOT_PASSWORD_FILE")';
CREATE DATABASE \\`$MYSQL_DATABASE\\` CHARACTER SET utf8mb4;
CREATE USER \\`$MYSQL_USER\\`@'%' IDENTIFIED BY '$(cat "$MYSQL_PASSWORD_FILE")';
GRANT ALL ON \\`$MYSQL_DATABASE\\`.* TO \\`$MYSQL_USER\\`@'%';
END
  set -- "$@" --init-file=/tmp/first.sql
fi
exec mariadbd --datadir="$data" --bind-address=0.0.0.0 --skip-name-resolve "$@"
"""

DISTRIBUTION: Final = Recipe(
    reference="dokkupy/mariadb:1",
    packages=("mariadb-server",),
    files={"/usr/local/bin/dokkupy-mariadb": START},
    instructions=(
        "RUN rm -rf /var/lib/mysql /etc/mysql/debian.cnf",
        "RUN install -d -o mysql -g mysql -m 0750 /var/lib/mysql",
        "RUN install -d -o mysql -g mysql -m 0755 /run/mysqld",
        "USER mysql",
        'ENTRYPOINT ["/usr/local/bin/dokkupy-mariadb"]',
        "CMD []",
        "EXPOSE 3306",
    ),
)
