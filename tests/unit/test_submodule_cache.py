"""What is kept of submodules stays within its room, and nothing goes that a build uses."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from dokkupy.repositories import RepositoryUrl
from dokkupy.submodule_cache import SubmoduleCache

LARGE = 50_000
"""Bytes of what fills a repository; an empty one takes less than a fiftieth of that."""


@pytest.fixture
def cache(tmp_path: Path) -> SubmoduleCache:
    return SubmoduleCache(tmp_path / "submodules")


def keep(cache: SubmoduleCache, name: str, used_at: float) -> Path:
    """Have a large repository that was used at a time, and return its path."""
    with cache.repository(RepositoryUrl.parse(f"https://example.com/{name}.git")) as path:
        (path / "objects" / "pack" / "large").write_bytes(bytes(LARGE))
    os.utime(path / "description", (used_at, used_at))
    return path


def beyond(cache: SubmoduleCache, limit: int) -> Sequence[str]:
    return [one.url.rpartition("/")[2] for one in cache.beyond(limit)]


def test_the_longest_unused_go_until_the_rest_has_room(cache: SubmoduleCache) -> None:
    keep(cache, "b", 2)
    keep(cache, "a", 1)
    keep(cache, "c", 3)
    assert beyond(cache, 4 * LARGE) == []
    assert beyond(cache, 5 * LARGE // 2) == ["a.git"]
    assert beyond(cache, 3 * LARGE // 2) == ["a.git", "b.git"]
    assert beyond(cache, LARGE // 2) == ["a.git", "b.git", "c.git"]


def test_to_use_one_makes_it_the_last_to_go(cache: SubmoduleCache) -> None:
    keep(cache, "a", 1)
    keep(cache, "b", 2)
    with cache.repository(RepositoryUrl.parse("https://example.com/a.git")):
        pass
    assert beyond(cache, 3 * LARGE // 2) == ["b.git"]


def test_what_is_removed_leaves_nothing_and_can_be_had_again(cache: SubmoduleCache) -> None:
    path = keep(cache, "a", 1)
    cache.remove(path)
    assert [file.name for file in path.parent.iterdir()] == ["lock"]
    assert keep(cache, "a", 1) == path
    cache.remove(path.with_name("gone.git"))


def test_nothing_is_removed_while_a_build_uses_any(cache: SubmoduleCache) -> None:
    path = keep(cache, "a", 1)
    with cache.in_use(), cache.in_use():
        cache.remove(path)
        assert path.exists()
    cache.remove(path)
    assert not path.exists()


def test_one_whose_maker_was_killed_is_the_first_to_go(cache: SubmoduleCache) -> None:
    keep(cache, "a", 1)
    path = keep(cache, "b", 2)
    (path / "description").unlink()
    [first, _] = cache.beyond(0)
    assert (first.path, first.url) == (path, "")


def test_what_others_fetch_and_remove_meanwhile_stops_no_look(cache: SubmoduleCache) -> None:
    busy, over = keep(cache, "a", 1), threading.Event()
    url = RepositoryUrl.parse("https://example.com/b.git")

    def others() -> None:
        file = busy / "objects" / "pack" / "tmp_pack"
        while not over.is_set():
            file.touch()
            file.unlink()
            with cache.repository(url) as path:
                pass
            cache.remove(path)

    thread = threading.Thread(target=others)
    thread.start()
    try:
        for _ in range(300):
            assert busy in [one.path for one in cache.beyond(0)]
    finally:
        over.set()
        thread.join()


def test_without_any_nothing_is_beyond_the_room(cache: SubmoduleCache) -> None:
    assert cache.beyond(0) == []
