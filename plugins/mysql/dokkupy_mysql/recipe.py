"""MariaDB of the distribution's packages, as the registry's image would be."""

from __future__ import annotations

from typing import Final

from dokkupy.services.server import Recipe

FRESH: Final = "/usr/local/share/dokkupy-mariadb"
"""The files of an empty server, made with the image: a first start takes a fraction of a second."""
START: Final = f"""\
#!/bin/sh
# Takes the same variables as the images of MariaDB and MySQL in registries.
set -eu
data=/var/lib/mysql
if [ ! -d "$data/mysql" ]; then
  cp -a {FRESH}/. "$data/"
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
"""  # noqa: S608 - a script, into which nothing of anybody's goes
_MAKE_FRESH: Final = (
    f"mariadb-install-db --user=mysql --datadir={FRESH} --auth-root-authentication-method=normal"
    # The log grows to its usual size when the server starts.
    " --skip-test-db --skip-log-bin --skip-name-resolve --innodb-log-file-size=4M"
)

DISTRIBUTION: Final = Recipe(
    reference="dokkupy/mariadb:1",
    packages=("mariadb-server",),
    files={"/usr/local/bin/dokkupy-mariadb": START},
    instructions=(
        "RUN rm -rf /var/lib/mysql /etc/mysql/debian.cnf",
        f"RUN install -d -o mysql -g mysql -m 0750 /var/lib/mysql {FRESH}",
        "RUN install -d -o mysql -g mysql -m 0755 /run/mysqld",
        f"RUN {_MAKE_FRESH} >/dev/null",
        "USER mysql",
        'ENTRYPOINT ["/usr/local/bin/dokkupy-mariadb"]',
        "CMD []",
        "EXPOSE 3306",
    ),
)
