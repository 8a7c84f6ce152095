from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy.engine import Engine
from dokkupy.errors import ImageNotFound, NotFound, Refused, UsageError
from dokkupy.names import AppName, Scope
from dokkupy.operations import properties
from dokkupy.platform import Platform
from dokkupy.proxy import NoProxy
from dokkupy.remote import FAR_VARIABLE
from dokkupy.testing.engine_fake import FakeEngine
from dokkupy.testing.plugin import initialised
from dokkupy.types import Build
from dokkupy_buildpacks import operations
from dokkupy_buildpacks.container import volume_of
from dokkupy_buildpacks.references import Buildpack
from dokkupy_buildpacks.stack import StackName

A = AppName("a")
URL = Buildpack("https://forge.example/pack#v1")
PYTHON, NODE = Buildpack("python"), Buildpack("node")


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    engine = FakeEngine()
    yield engine
    engine.close()


@pytest.fixture
def platform(tmp_path: Path, fake: Engine) -> Iterator[Platform]:
    root = initialised(tmp_path / "root")
    platform = Platform(root, engine=fake, proxy=NoProxy(), plugins=["buildpacks"])
    platform.store.apps.create(A)
    yield platform
    platform.close()


def listed(platform: Platform) -> list[str]:
    return [row.buildpack for row in operations.list_(platform, A)]


def test_buildpacks_run_in_the_order_in_which_they_are_placed(platform: Platform) -> None:
    operations.add(platform, A, PYTHON)
    operations.add(platform, A, URL)
    rows = operations.add(platform, A, NODE, index=1)
    assert [(row.index, row.buildpack) for row in rows] == [(1, "node"), (2, "python"), (3, URL)]
    assert platform.properties.get("builder-buildpacks", A, "buildpacks").packs == [
        NODE,
        PYTHON,
        URL,
    ]


def test_one_takes_the_place_of_another_and_goes_by_name_or_place(platform: Platform) -> None:
    operations.set_(platform, A, PYTHON)
    operations.set_(platform, A, NODE)
    assert listed(platform) == ["node"]
    operations.set_(platform, A, PYTHON, index=2)
    assert listed(platform) == ["node", "python"]
    operations.remove(platform, A, NODE)
    operations.remove(platform, A, index=1)
    assert listed(platform) == []


def test_clear_lets_the_source_decide(platform: Platform) -> None:
    operations.add(platform, A, PYTHON)
    operations.clear(platform, A)
    assert platform.properties.get("builder-buildpacks", A, "buildpacks") is None


def test_what_cannot_be_is_refused(platform: Platform) -> None:
    operations.add(platform, A, PYTHON)
    with pytest.raises(UsageError, match="already"):
        operations.add(platform, A, PYTHON)
    with pytest.raises(UsageError, match="no place 3"):
        operations.add(platform, A, NODE, index=3)
    for change in (operations.add, operations.set_):
        with pytest.raises(UsageError, match="no place 0"):
            change(platform, A, NODE, index=0)
    with pytest.raises(NotFound, match="no buildpack node"):
        operations.remove(platform, A, NODE)
    with pytest.raises(UsageError, match="which one"):
        operations.remove(platform, A)
    assert listed(platform) == ["python"]


def test_a_folder_is_for_who_is_on_the_server(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Buildpack("/srv/packs/own")
    assert operations.add(platform, A, folder)[0].buildpack == folder
    operations.clear(platform, A)
    monkeypatch.setenv(FAR_VARIABLE, "1")
    with pytest.raises(Refused, match="only for who is on the server"):
        operations.set_(platform, A, folder)
    for value in (folder, f"python {folder}"):
        with pytest.raises(Refused, match="only for who is on the server"):
            properties.set_(platform, "builder-buildpacks", Scope(A), "buildpacks", value)
    assert listed(platform) == []
    properties.set_(platform, "builder-buildpacks", Scope(A), "buildpacks", f"python {URL}")
    assert listed(platform) == ["python", URL]


def test_a_folder_that_was_named_on_the_server_stays_for_who_is_far(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Buildpack("/srv/packs/own")
    operations.add(platform, A, folder)
    monkeypatch.setenv(FAR_VARIABLE, "1")
    assert listed(platform) == [folder]
    assert platform.properties.values("builder-buildpacks", A)["buildpacks"] == folder


def test_an_app_moves_to_a_stack_that_is_there(platform: Platform, fake: FakeEngine) -> None:
    with pytest.raises(ImageNotFound):
        operations.set_stack(platform, A, StackName("newer"))
    assert platform.properties.get("builder-buildpacks", A, "stack") is None
    for name in ("build", "run"):
        fake.add_image(f"dokkupy/{name}:newer")
    operations.set_stack(platform, A, StackName("newer"))
    assert platform.properties.get("builder-buildpacks", A, "stack") == "newer"


def test_the_first_build_notes_its_stack_and_later_ones_do_not_change_it(
    platform: Platform, fake: FakeEngine
) -> None:
    for stack in ("one", "two"):
        image = fake.add_image(f"app:{stack}", labels={"dokkupy.buildpacks.stack": stack})
        platform.hooks.post_build(build=Build(app=A, builder="builder-buildpacks", image=image))
    assert platform.properties.get("builder-buildpacks", A, "stack") == "one"


def test_builds_of_other_builders_note_nothing(platform: Platform, fake: FakeEngine) -> None:
    image = fake.add_image("app:x", labels={"dokkupy.buildpacks.stack": "one"})
    platform.hooks.post_build(build=Build(app=A, builder="builder-dockerfile", image=image))
    assert platform.properties.get("builder-buildpacks", A, "stack") is None


def test_a_destroyed_app_leaves_no_cache(platform: Platform, fake: FakeEngine) -> None:
    owner = {"dokkupy.root": platform.root_id, "dokkupy.app": str(A)}
    fake.ensure_volume(volume_of(owner), owner)
    platform.hooks.app_destroyed(app=A)
    assert fake.volumes(owner) == []


def test_a_renamed_app_leaves_no_cache_under_its_old_name(
    platform: Platform, fake: FakeEngine
) -> None:
    owner = {"dokkupy.root": platform.root_id, "dokkupy.app": str(A)}
    fake.ensure_volume(volume_of(owner), owner)
    platform.store.apps.rename(A, AppName("b"))
    platform.hooks.app_renamed(app=AppName("b"), before=A)
    assert fake.volumes(owner) == []
