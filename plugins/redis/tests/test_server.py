from __future__ import annotations

from dataclasses import replace

from dokkupy.services.access import Access
from dokkupy_redis.server import Redis
from dokkupy_redis.settings import settings

ACCESS = Access(
    host="dokkupy-redis-store",
    port=6379,
    database="store",
    user="store",
    password="apps-own-word",
    admin_password="admins-own-word",
)
CACHE = replace(ACCESS, settings={"mode": "cache", "size": "104857600"})


def test_usual_image_can_be_made_of_the_distribution_and_a_chosen_one_cannot() -> None:
    assert Redis("").image.recipe is not None
    assert Redis("redis:8").image.upstream == "redis:8"
    assert Redis("redis:8").image.recipe is None


def test_the_password_is_in_files_alone() -> None:
    blueprint = Redis("").blueprint(ACCESS)
    shown = repr((blueprint.command, dict(blueprint.env), blueprint))
    assert "own-word" not in shown + " ".join(Redis("").client(ACCESS))
    kept = b"".join(file.content for file in blueprint.files)
    assert kept.count(b"apps-own-word") == 2
    assert b"admins-own-word" not in kept


def test_a_service_is_persistent_unless_it_is_a_cache() -> None:
    assert "appendfsync always" in settings(ACCESS)
    assert "maxmemory-policy noeviction" in settings(ACCESS)
    assert "appendonly no" in settings(CACHE)
    assert "maxmemory 104857600" in settings(CACHE)
    assert "maxmemory-policy allkeys-lru" in settings(CACHE)


def test_variables_are_those_of_a_url_and_its_parts() -> None:
    assert dict(Redis("").variables(ACCESS)) == {
        "URL": "redis://:apps-own-word@dokkupy-redis-store:6379/0",
        "HOST": "dokkupy-redis-store",
        "PORT": "6379",
        "PASSWORD": "apps-own-word",
    }
