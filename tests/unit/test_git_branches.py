"""Which of the branches that arrive in a push is deployed, and what is said of the others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dokkupy import branches, git, pipeline
from dokkupy.errors import BuildFailed, NotFound, Refused
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.platform import Platform
from dokkupy.types import Line

APP = AppName("hello")
ONE, TWO = "1" * 40, "2" * 40
MAIN, DEV, MASTER = "refs/heads/main", "refs/heads/dev", "refs/heads/master"


class Root:
    """A root with one app, whose pipeline only notes what it is given."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.deployed: list[str] = []
        self.said: list[Line] = []
        self.fails = False

    def pipeline_push(self, platform: Platform, send: object, **given: str) -> None:
        if self.fails:
            raise BuildFailed("No image.")
        self.deployed.append(f"{given['app']} {given['ref']} {given['old'][0]} {given['new'][0]}")

    def push(self, *updates: tuple[str, str, str]) -> dict[str, list[str]]:
        return branches.push(self.platform, self.said.append, app=APP, updates=updates)

    @property
    def deploy_branch(self) -> str:
        return self.platform.store.apps.get(APP).deploy_branch


@pytest.fixture
def root(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Iterator[Root]:
    platform = Platform(paths.root)
    platform.store.apps.create(APP)
    git.ensure_repo(paths, APP)
    root = Root(platform)
    monkeypatch.setattr(pipeline, "push", root.pipeline_push)
    yield root
    platform.close()


def test_the_first_branch_becomes_the_one_that_deploys(root: Root) -> None:
    assert root.push((DEV, git.ABSENT, ONE)) == {"deployed": [DEV]}
    assert root.deploy_branch == "dev"
    head = git.repository(root.platform.paths, APP) / "HEAD"
    assert head.read_text() == "ref: refs/heads/dev\n"


@pytest.mark.parametrize(
    ("arriving", "first"), [([DEV, MASTER, MAIN], MAIN), ([DEV, MASTER], MASTER), ([DEV], DEV)]
)
def test_of_several_first_branches_the_usual_one_deploys(
    root: Root, arriving: list[str], first: str
) -> None:
    done = root.push(*[(ref, git.ABSENT, ONE) for ref in arriving])
    assert done == {"deployed": [first]}
    assert root.deployed == [f"hello {first} 0 1"]


def test_another_branch_is_left_to_git_with_the_commands_that_deploy_it(root: Root) -> None:
    root.platform.store.apps.set_deploy_branch(APP, "main")
    assert root.push((DEV, git.ABSENT, ONE)) == {"deployed": []}
    assert root.deployed == []
    [line] = root.said
    assert line.stream == "warning"
    assert line.text.splitlines() == [
        "dev is stored, not deployed: hello deploys main.",
        "Deploy it once: dokkupy deploy hello --ref dev",
        "Deploy it on every push: dokkupy git set hello deploy-branch dev",
    ]


def test_what_a_shell_would_obey_is_quoted_in_the_commands_to_type(root: Root) -> None:
    root.platform.store.apps.set_deploy_branch(APP, "main")
    root.push(("refs/heads/a;reboot", git.ABSENT, ONE))
    assert root.said[0].text.splitlines()[1:] == [
        "Deploy it once: dokkupy deploy hello --ref 'a;reboot'",
        "Deploy it on every push: dokkupy git set hello deploy-branch 'a;reboot'",
    ]


def test_a_failed_deploy_fails_the_push(root: Root) -> None:
    root.fails = True
    with pytest.raises(BuildFailed):
        root.push((MAIN, git.ABSENT, ONE))
    assert root.deploy_branch == "main"


def test_the_branch_that_deploys_cannot_be_deleted_and_others_can(root: Root) -> None:
    root.platform.store.apps.set_deploy_branch(APP, "main")
    with pytest.raises(Refused, match="so it stays"):
        root.push((MAIN, ONE, git.ABSENT))
    assert root.push((DEV, ONE, git.ABSENT)) == {"deployed": []}
    assert root.said == []


def test_a_deletion_is_no_first_branch(root: Root) -> None:
    assert root.push((DEV, ONE, git.ABSENT)) == {"deployed": []}
    assert root.deploy_branch == ""


def test_a_push_to_an_app_that_is_gone_is_refused(root: Root) -> None:
    root.platform.store.apps.destroy(APP)
    with pytest.raises(NotFound):
        root.push((MAIN, git.ABSENT, ONE))


def test_an_update_reaches_the_pipeline_as_git_gave_it(root: Root) -> None:
    root.platform.store.apps.set_deploy_branch(APP, "main")
    root.push((MAIN, ONE, TWO))
    assert root.deployed == ["hello refs/heads/main 1 2"]
