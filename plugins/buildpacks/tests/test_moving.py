"""Apps between two stacks, the newer of which becomes the usual one meanwhile."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dokkupy import pipeline
from dokkupy.engine import Engine, ImageBuild, ImageInfo
from dokkupy.names import AppName
from dokkupy.operations import apps
from dokkupy.platform import Platform
from dokkupy.proxy import NoProxy
from dokkupy.store import Store
from dokkupy.testing.sources import commit
from dokkupy.types import Line
from dokkupy_buildpacks import operations
from dokkupy_buildpacks.references import Buildpack
from dokkupy_buildpacks.stack import StackName

pytestmark = pytest.mark.engine

NOUN = "builder-buildpacks"
PACK = """\
#!/bin/sh
echo "the cache is of ${STACK}: $(cat "$2/compiled" 2>/dev/null || echo empty)"
cat /etc/of-stack | tee "$2/compiled" >"$1/compiled-on"
"""
SOURCE = {"Procfile": "web: true\n"}


class Server:
    """The engine of this machine, on which `newest` is what the usual stack's names mean."""

    def __init__(self, engine: Engine, newest: str) -> None:
        self._engine = engine
        self.newest = newest

    def image(self, reference: str) -> ImageInfo:
        name, _, tag = reference.partition(":")
        return self._engine.image(f"{name}:{self.newest}" if tag == "latest" else reference)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def stack(engine: Engine, folder: Path, name: str) -> list[str]:
    """Make both images of a stack, which tell their name; return what they are called."""
    references = []
    for part in ("build", "run"):
        lines = [
            f"FROM dokkupy/{part}:latest",
            "USER root",
            f"RUN echo {name} >/etc/of-stack",
            "USER app",
            f"LABEL dokkupy.stack.release={name}",
        ]
        (folder / "Dockerfile").write_text("\n".join(lines) + "\n")
        build = ImageBuild(
            context=folder,
            dockerfile="Dockerfile",
            args={},
            labels={},
            memory=512 * 1024**2,
            cpu_shares=512,
        )
        references.append(f"dokkupy/{part}:{name}")
        engine.tag(engine.build(build, lambda _: None), references[-1])
    return references


@pytest.fixture
def names(docker: Engine, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Give the names of an older and of a newer stack."""
    word = f"test{id(tmp_path) % 16**6:06x}"
    found = f"{word}-older", f"{word}-newer"
    made = [image for name in found for image in stack(docker, tmp_path, name)]
    yield found
    for image in made:
        docker.remove_image(image)


@pytest.fixture
def platform(docker: Engine, tmp_path: Path, names: tuple[str, str]) -> Iterator[Platform]:
    """Give a root on a server whose usual stack is the older one."""
    server: Any = Server(docker, newest=names[0])
    platform = Platform(tmp_path / "root", engine=server, plugins=["buildpacks"], proxy=NoProxy())
    platform.paths.make()
    Store.create(platform.paths.state_db)
    platform.store.meta.set("root_id", names[0][:10])
    yield platform
    labels = {"dokkupy.root": platform.root_id}
    for app in platform.store.apps.list():
        platform.hooks.app_destroyed(app=app.name)
        platform.scheduler.destroy(app.name)
    assert docker.volumes(labels) == []
    platform.close()


def built(platform: Platform, app: str) -> tuple[str, str, str]:
    """Build an app; return on which stack, which one the cache was of, and the image."""
    told: list[Line] = []
    name = AppName(app)
    number = pipeline.build(platform, told.append, app=name, revision="main")["build"]
    (said,) = (line.text for line in told if "the cache is of" in line.text)
    image = platform.store.builds.get(name, number).image
    on, of = said.partition("the cache is of ")[2].split(": ")
    return on, of, image


@pytest.fixture
def pack(tmp_path: Path) -> str:
    folder = tmp_path / "pack" / "bin"
    folder.mkdir(parents=True)
    for name, text in (("detect", "#!/bin/sh\n"), ("compile", PACK)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return str(folder.parent)


def made(platform: Platform, app: str, pack: str) -> AppName:
    name = AppName(app)
    apps.create(platform, name)
    operations.add(platform, name, Buildpack.parse(pack))
    commit(platform, name, SOURCE)
    return name


def test_an_app_stays_on_its_stack_until_it_is_moved_and_mixes_nothing_of_two(
    platform: Platform, names: tuple[str, str], pack: str
) -> None:
    older, newer = names
    blog = made(platform, "blog", pack)
    assert built(platform, "blog")[:2] == (older, "empty")
    platform.engine.newest = newer  # type: ignore[attr-defined]
    on, of, image = built(platform, "blog")
    assert (on, of) == (older, older)
    assert inside(image) == (older, older)

    made(platform, "shop", pack)
    assert built(platform, "shop")[:2] == (newer, "empty")

    operations.set_stack(platform, blog, StackName(newer))
    on, of, image = built(platform, "blog")
    assert (on, of) == (newer, "empty")
    assert inside(image) == (newer, newer)
    assert built(platform, "blog")[:2] == (newer, newer)

    # Whatever way the setting is changed.
    platform.properties.set(NOUN, blog, "stack", older)
    assert built(platform, "blog")[:2] == (older, "empty")


def inside(image: str) -> tuple[str, str]:
    """Return on which stack an image runs, and on which the app in it was compiled."""
    words = ["docker", "run", "--rm", "--entrypoint=cat", image]
    done = subprocess.run(
        [*words, "/etc/of-stack", "/app/compiled-on"], capture_output=True, text=True, check=True
    )
    runs, compiled = done.stdout.split()
    return runs, compiled
