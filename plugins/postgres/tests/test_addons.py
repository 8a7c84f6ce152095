"""Which image an addon of an app.json means."""

from __future__ import annotations

import pytest

from dokkupy.addons import Addon
from dokkupy.services import throwaway
from dokkupy_postgres.plugin import POSTGRES

HEROKU = "heroku-postgresql"


@pytest.mark.parametrize(
    ("addon", "image"),
    [
        (Addon(name="postgres"), ""),
        (Addon(name="postgres", plan="16"), "postgres:16"),
        (Addon(name="postgres", plan="16", version="15"), "postgres:15"),
        (Addon(name=HEROKU, plan="in-dyno"), ""),
        (Addon(name=HEROKU, plan="standard-0"), ""),
        (Addon(name=HEROKU, plan="in-dyno", version="16"), "postgres:16"),
        (Addon(name="postgresql", plan="16-alpine"), "postgres:16-alpine"),
    ],
)
def test_a_version_is_an_image_and_the_tariff_of_others_is_none(addon: Addon, image: str) -> None:
    assert throwaway.image_of(POSTGRES, addon) == image
