from __future__ import annotations

import pytest

from dokkupy.services.access import Access
from dokkupy_mysql.server import MySQL

ACCESS = Access(
    host="dokkupy-mysql-db",
    port=3306,
    database="db",
    user="db",
    password="apps-own-word",
    admin_password="admins-own-word",
)


def test_usual_image_can_be_made_of_the_distribution_and_a_chosen_one_cannot() -> None:
    assert MySQL("").image.upstream == "mariadb:lts"
    assert MySQL("").image.recipe is not None
    assert MySQL("mariadb:11.4").image.recipe is None


@pytest.mark.parametrize(
    ("image", "client"),
    [
        ("", "mariadb"),
        ("mariadb:11.4", "mariadb"),
        ("host:5000/x/mariadb:1", "mariadb"),
        ("mysql:8.4", "mysql"),
        ("percona:8.0", "mysql"),
        ("host/mysql-server:8", "mysql"),
    ],
)
def test_client_is_the_one_of_the_image(image: str, client: str) -> None:
    assert MySQL(image).client(ACCESS) == (
        client,
        "--defaults-file=/etc/dokkupy-app.cnf",
        "--database=db",
    )


def test_passwords_are_in_files_alone() -> None:
    blueprint = MySQL("").blueprint(ACCESS)
    shown = repr((blueprint.command, dict(blueprint.env), blueprint))
    assert "own-word" not in shown
    kept = b"".join(file.content for file in blueprint.files)
    assert kept.count(b"apps-own-word") == kept.count(b"admins-own-word") == 2


def test_variables_are_those_of_a_url_and_its_parts() -> None:
    assert dict(MySQL("").variables(ACCESS)) == {
        "URL": "mysql://db:apps-own-word@dokkupy-mysql-db:3306/db",
        "HOST": "dokkupy-mysql-db",
        "PORT": "3306",
        "NAME": "db",
        "USER": "db",
        "PASSWORD": "apps-own-word",
    }
