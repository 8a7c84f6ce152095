"""One request to the real engine fails: visitors never notice, and the next command repairs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import pytest

from .conftest import Done, Root, change, docker
from .faulty_engine import Door, Fault
from .test_obstacles import assert_refused, assert_sound, deployed, serves

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(900)]

EVERY_SECONDS = 0.1
"""Between two visits."""
ALWAYS = {
    "POST /containers/create",
    "POST /containers/*/start",
    "POST /containers/*/update",
    "POST /containers/*/stop",
    "DELETE /containers/*",
    "GET /containers/*/json",
}
"""What no push and no scaling up and down does without, however the engine is spoken to."""
CLEAR = ("engine", "Docker", "docker")
"""One of these is in what is said about it."""


@dataclass(slots=True)
class Shop:
    """A root whose commands may go through the door."""

    root: Root
    tree: Path
    door: Door
    versions: Iterator[str] = field(default_factory=lambda: iter(map(str, range(1, 10_000))))

    def push(self) -> Done:
        """Push something new."""
        change(self.tree, VERSION=next(self.versions))
        return self.root.push(self.tree, "shop", code=None)

    def scale(self) -> Done:
        """Go to two containers and back to one, as far as it gets."""
        up = self.root.cli("ps", "scale", "shop", "web=2", code=None)
        down = self.root.cli("ps", "scale", "shop", "web=1", code=None)
        return Done(up.code or down.code, "", up.err + down.err)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("faults")
    with Door(folder) as door, deployed(folder) as (root, tree):
        root.cli("checks", "set", "--global", "drain", "1")
        yield Shop(root, tree, door)


@contextmanager
def through(shop: Shop) -> Iterator[None]:
    """Let all commands of a block speak to the engine through the door."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", f"unix://{shop.door.path}")
        yield
    shop.door.calm()


@contextmanager
def visitors(shop: Shop) -> Iterator[list[str]]:
    """Visit the app again and again beside a block; give what they saw."""
    seen: list[str] = []
    stop = threading.Event()

    def visit() -> None:
        while not stop.wait(EVERY_SECONDS):
            try:
                answer = shop.root.get("shop.localhost")
                seen.append(answer.body if answer.status == 200 else f"status {answer.status}")
            except OSError as error:
                seen.append(str(error))

    thread = threading.Thread(target=visit)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def kinds(shop: Shop, work: Callable[[], Done]) -> dict[str, int]:
    """Return the kinds of requests that something needs when all is well, with their number."""
    with through(shop):
        shop.door.calm()
        assert work().code == 0
        seen = list(shop.door.requests)
    return {kind: seen.count(kind) for kind in dict.fromkeys(seen)}


def untagged(root: Root) -> list[str]:
    """Return the images of a root that have no name."""
    own = f"--filter=label=dokkupy.root={root.json('init')['root_id']}"
    return docker("images", "--quiet", "--filter=dangling=true", own).split()


def assert_survives(shop: Shop, work: Callable[[], Done], what: str) -> None:
    """Fail unless visitors saw the old or the new version alone, and all is well afterwards."""
    old = serves(shop.root)
    with through(shop), visitors(shop) as seen:
        done = work()
        failed = shop.door.failed
        new = serves(shop.root)
    assert what.endswith(failed or "nothing"), what
    assert set(seen) <= {old, new}, (what, seen)
    if done.code:
        assert_refused(done, *CLEAR)
    shop.root.cli("up")
    assert serves(shop.root) == new, what
    assert_sound(shop.root)


@pytest.mark.parametrize("fault", get_args(Fault))
@pytest.mark.parametrize("work", [Shop.push, Shop.scale], ids=["push", "scale"])
def test_any_request_may_fail(shop: Shop, work: Callable[[Shop], Done], fault: Fault) -> None:
    needed = kinds(shop, lambda: work(shop))
    assert needed.keys() >= ALWAYS
    for kind, number in needed.items():
        # Said no to at its first, cut off in the middle of what is done with many.
        shop.door.fail(kind, 1 if fault == "refused" else (number + 1) // 2, fault)
        assert_survives(shop, lambda: work(shop), f"{fault} {kind}")
    # An image that was built in vain goes with the next deploy.
    assert shop.push().code == 0
    assert untagged(shop.root) == []
