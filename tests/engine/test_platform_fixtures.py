from __future__ import annotations

import http.client
import time
from collections.abc import Mapping

import pytest

from dokkupy import pipeline
from dokkupy.deployment import Deployment
from dokkupy.errors import DeployFailed
from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.testing.cli import Cli
from dokkupy.testing.engine_fake import BASE
from dokkupy.testing.program import Program
from dokkupy.testing.sources import commit
from dokkupy.types import Line

APP = AppName("hello")


def deploy(platform: Platform, files: Mapping[str, str]) -> Deployment:
    commit(platform, APP, files)
    told: list[Line] = []
    return pipeline.deploy(platform, told.append, app=APP, revision="main")


def visit(platform: Platform) -> str:
    connection = http.client.HTTPConnection(
        "127.0.0.1", platform.proxy.status().http_port, timeout=10
    )
    connection.request("GET", "/", headers={"Host": "hello.example.test"})
    body = connection.getresponse().read().decode()
    connection.close()
    return body


def web(body: str, image: str) -> dict[str, str]:
    program = Program(listen="0.0.0.0", body=body)
    return {"Dockerfile": program.dockerfile(image)}


def test_a_deploy_on_the_fakes_serves_what_was_pushed(platform: Platform) -> None:
    platform.store.apps.create(APP)
    began = time.monotonic()
    assert deploy(platform, web("one", BASE)).release == 1
    assert visit(platform) == "one"
    assert deploy(platform, web("two", BASE)).release == 2
    assert visit(platform) == "two"
    assert time.monotonic() - began < 5


def test_a_program_that_ends_fails_the_deploy_on_the_fakes(platform: Platform) -> None:
    platform.store.apps.create(APP)
    deploy(platform, web("one", BASE))
    crash = Program(line=("no database",), exits=3)
    with pytest.raises(DeployFailed, match="exit code 3") as caught:
        deploy(platform, {"Dockerfile": crash.dockerfile(BASE)})
    assert "no database" in caught.value.detail
    assert visit(platform) == "one"


@pytest.mark.engine
def test_a_deploy_on_the_real_engine_serves_what_was_pushed(
    docker_platform: Platform, test_image: str
) -> None:
    docker_platform.store.apps.create(APP)
    assert deploy(docker_platform, web("real", test_image)).release == 1
    assert visit(docker_platform) == "real"


def test_commands_run_on_the_root_of_the_test(cli: Cli) -> None:
    created = cli("apps", "create", "hello")
    assert (created.exit_code, created.stderr) == (0, "")
    assert [app["name"] for app in cli("apps", "list", "--json").json] == ["hello"]
    assert cli("apps", "create", "hello").exit_code == 4
