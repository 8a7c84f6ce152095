"""The contract of a container engine."""

from __future__ import annotations

import pytest

from dokkupy.engine import Engine
from dokkupy.errors import ImageNotFound, NotFound
from dokkupy.testing.contracts.engine_builds import BuildsContract
from dokkupy.testing.contracts.engine_containers import ContainersContract
from dokkupy.testing.contracts.engine_endings import EndingsContract
from dokkupy.testing.contracts.engine_fixtures import MISSING
from dokkupy.testing.contracts.engine_images import ImagesContract
from dokkupy.testing.contracts.engine_looking import LookingContract
from dokkupy.testing.contracts.engine_networks import NetworksContract
from dokkupy.testing.contracts.engine_output import OutputContract
from dokkupy.testing.contracts.engine_wiring import WiringContract


class EngineContract(
    NetworksContract,
    ContainersContract,
    EndingsContract,
    OutputContract,
    ImagesContract,
    BuildsContract,
    WiringContract,
    LookingContract,
):
    """Subclass it with the fixtures `engine` and `image`, both of class scope."""

    def test_answers_with_its_version(self, engine: Engine) -> None:
        assert engine.ping()

    def test_says_of_everything_missing_that_it_is_not_found(self, engine: Engine) -> None:
        for ask in (
            lambda: engine.start(MISSING),
            lambda: engine.stop(MISSING, 1),
            lambda: engine.kill(MISSING),
            lambda: engine.set_restart_policy(MISSING, "no"),
            lambda: engine.inspect(MISSING),
            lambda: engine.listeners(MISSING),
            lambda: engine.memory_used(MISSING),
            lambda: engine.executable(MISSING, "sh"),
            lambda: engine.attach(MISSING),
            lambda: engine.execute(MISSING, ["true"], interactive=False, tty=False),
            lambda: list(engine.logs(MISSING)),
        ):
            with pytest.raises(NotFound) as caught:
                ask()
            assert caught.value.hint

    def test_says_of_missing_images_that_they_are_not_found(self, engine: Engine) -> None:
        for ask in (
            lambda: engine.image(f"{MISSING}:1"),
            lambda: engine.tag(f"{MISSING}:1", "dokkupy-test/never:1"),
        ):
            with pytest.raises(ImageNotFound) as caught:
                ask()
            assert MISSING in caught.value.message

    def test_removing_what_is_missing_is_fine(self, engine: Engine) -> None:
        engine.remove(MISSING)
        engine.remove_image(f"{MISSING}:1")
        engine.remove_network(MISSING)
