"""Which image an addon of an app.json means."""

from __future__ import annotations

from dokkupy.addons import Addon
from dokkupy.services import throwaway
from dokkupy_mysql.plugin import MYSQL


def test_a_name_that_means_another_server_of_a_kind_means_its_image() -> None:
    assert throwaway.image_of(MYSQL, Addon(name="mysql", plan="8.4")) == "mysql:8.4"
    assert throwaway.image_of(MYSQL, Addon(name="mariadb", plan="11.4")) == "mariadb:11.4"
    assert throwaway.image_of(MYSQL, Addon(name="jawsdb", plan="kitefin")) == ""
