from __future__ import annotations

from dokkupy.services.access import Access
from dokkupy_postgres.server import Postgres

ACCESS = Access(
    host="dokkupy-postgres-db",
    port=5432,
    database="db",
    user="db",
    password="apps-own-word",
    admin_password="admins-own-word",
)


def test_usual_image_can_be_made_of_the_distribution_and_a_chosen_one_cannot() -> None:
    assert Postgres("").image.recipe is not None
    assert Postgres("postgres:16").image.upstream == "postgres:16"
    assert Postgres("postgres:16").image.recipe is None


def test_passwords_are_in_files_alone() -> None:
    blueprint = Postgres("").blueprint(ACCESS)
    shown = repr((blueprint.command, dict(blueprint.env), blueprint))
    assert "own-word" not in shown + " ".join(Postgres("").client(ACCESS))
    files = {file.path: file.content.decode() for file in blueprint.files}
    assert [path for path, text in files.items() if "admins-own-word" in text] == [
        blueprint.env["POSTGRES_PASSWORD_FILE"]
    ]
    assert "password=apps-own-word" in files[blueprint.env["PGSERVICEFILE"]]


def test_the_first_start_makes_a_user_who_owns_the_database() -> None:
    files = {file.path: file.content.decode() for file in Postgres("").blueprint(ACCESS).files}
    assert files["/docker-entrypoint-initdb.d/dokkupy.sql"] == (
        'CREATE ROLE "db" LOGIN PASSWORD \'apps-own-word\';\nCREATE DATABASE "db" OWNER "db";\n'
    )


def test_variables_are_those_of_a_url_and_its_parts() -> None:
    assert dict(Postgres("").variables(ACCESS)) == {
        "URL": "postgres://db:apps-own-word@dokkupy-postgres-db:5432/db",
        "HOST": "dokkupy-postgres-db",
        "PORT": "5432",
        "NAME": "db",
        "USER": "db",
        "PASSWORD": "apps-own-word",
    }
