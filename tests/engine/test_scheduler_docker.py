from __future__ import annotations

import pytest

from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.scheduler import Scheduler
from dokkupy.testing.engine_fake import BASE
from dokkupy.testing.suites import SchedulerContract


class TestDockerSchedulerOnTheFake(SchedulerContract):
    @pytest.fixture
    def scheduler(self, platform: Platform, app: AppName) -> Scheduler:
        platform.store.apps.create(app)
        return platform.scheduler

    @pytest.fixture
    def image(self) -> str:
        return BASE


@pytest.mark.engine
class TestDockerSchedulerOnDocker(SchedulerContract):
    @pytest.fixture
    def scheduler(self, docker_platform: Platform, app: AppName) -> Scheduler:
        docker_platform.store.apps.create(app)
        return docker_platform.scheduler

    @pytest.fixture
    def image(self, test_image: str) -> str:
        return test_image
