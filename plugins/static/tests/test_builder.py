from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy.builder import Builder, BuildRequest
from dokkupy.engine import Engine
from dokkupy.errors import BuildFailed
from dokkupy.sites.settings import LABEL, from_label
from dokkupy.testing.contracts.builder import source
from dokkupy.testing.engine_fake import FakeEngine
from dokkupy.testing.suites import BuilderContract
from dokkupy.types import SiteSettings
from dokkupy_static.builder import StaticBuilder


class Sources(BuilderContract):
    @pytest.fixture
    def builder(self) -> Builder:
        return StaticBuilder()

    def matching(self, tree: Path) -> None:
        (tree / "index.html").write_text("<h1>hello</h1>")

    def foreign(self, tree: Path) -> None:
        (tree / "index.html").write_text("<div id=app></div>")
        (tree / "package.json").write_text("{}")

    def failing(self, tree: Path, output: str) -> None:
        self.matching(tree)
        (tree / "static.json").write_text(json.dumps({"error_page": output}))

    def escaping(self, tree: Path, outside: Path) -> None:
        (tree / "static.json").symlink_to(outside)


class TestOnFakeEngine(Sources):
    @pytest.fixture
    def engine(self) -> Iterator[Engine]:
        engine = FakeEngine()
        yield engine
        engine.close()

    def files(self, engine: Engine, image: str) -> set[str]:
        assert isinstance(engine, FakeEngine)
        return {path.removeprefix("/site/") for path in engine.files_of(image)}

    def test_a_static_json_is_enough_beside_a_program(self, builder: Builder, tree: Path) -> None:
        self.foreign(tree)
        (tree / "static.json").write_text("{}")
        assert builder.detect(source(tree), {})

    def test_the_image_is_the_files_and_the_settings(
        self, builder: Builder, tree: Path, request_for: BuildRequest, engine: Engine
    ) -> None:
        write(tree, "index.html", "404.html", ".env", ".git/config", "a/.b", "a/b.txt")
        write(tree, ".well-known/security.txt", "Procfile", "app.json", "docs/app.json")
        (tree / "static.json").write_text('{"clean_urls": true}')
        build = builder.build(request_for)
        assert self.files(engine, build.image) == {
            "index.html",
            "404.html",
            "a/b.txt",
            ".well-known/security.txt",
            "docs/app.json",
        }
        found = from_label(engine.image(build.image).labels)
        assert found == SiteSettings(clean_urls=True, error_page="/404.html")
        assert LABEL in engine.image(build.image).labels

    @pytest.mark.parametrize(
        ("config", "folder"), [({"root": "dist/"}, "dist"), ({"root": "./a/b"}, "a/b"), ({}, "")]
    )
    def test_the_root_is_what_is_served(
        self, tree: Path, request_for: BuildRequest, engine: Engine, config: object, folder: str
    ) -> None:
        write(tree, f"{folder}/index.html".lstrip("/"), "raw/source.txt")
        (tree / "static.json").write_text(json.dumps(config))
        found = self.files(engine, StaticBuilder().build(request_for).image)
        assert ("raw/source.txt" in found) == (folder == "")

    def test_public_html_is_the_root_when_nothing_is_said(
        self, builder: Builder, tree: Path, request_for: BuildRequest, engine: Engine
    ) -> None:
        write(tree, "public_html/index.html", "README.md")
        (tree / "static.json").write_text("{}")
        assert self.files(engine, builder.build(request_for).image) == {"index.html"}

    @pytest.mark.parametrize("root", ["../", "/etc", "a/../..", "nowhere", "link", "\0"])
    def test_a_root_that_is_not_inside_is_refused(
        self, builder: Builder, tree: Path, request_for: BuildRequest, root: str
    ) -> None:
        write(tree, "index.html", "a/index.html")
        (tree / "link").symlink_to("/etc")
        (tree / "static.json").write_text(json.dumps({"root": root}))
        with pytest.raises(BuildFailed) as refusal:
            builder.build(request_for)
        assert refusal.value.hint

    @pytest.mark.parametrize(
        "target",
        ["/etc/passwd", "../outside", "nowhere", "link", "a", ".env", "../tree/../outside"],
    )
    def test_a_link_to_what_is_no_file_of_the_site_is_refused(
        self, builder: Builder, tree: Path, request_for: BuildRequest, target: str
    ) -> None:
        write(tree, "index.html", "a/b.txt", ".env", "../outside")
        (tree / "link").symlink_to(target)
        with pytest.raises(BuildFailed, match="link"):
            builder.build(request_for)

    def test_a_link_within_the_site_stands_for_its_file(
        self, builder: Builder, tree: Path, request_for: BuildRequest, engine: Engine
    ) -> None:
        write(tree, "index.html", "a/b.txt")
        (tree / "c.txt").symlink_to("a/b.txt")
        assert "c.txt" in self.files(engine, builder.build(request_for).image)

    def test_a_pipe_is_refused(
        self, builder: Builder, tree: Path, request_for: BuildRequest
    ) -> None:
        write(tree, "index.html")
        os.mkfifo(tree / "pipe")
        with pytest.raises(BuildFailed, match="neither a file nor a folder"):
            builder.build(request_for)

    @pytest.mark.parametrize(
        "text", ["[]", "{", '{"proxies": {}}', '{"routes": {"/**": "missing.html"}}', "\ufeff[1]"]
    )
    def test_a_static_json_that_is_not_understood_fails_the_build(
        self, builder: Builder, tree: Path, request_for: BuildRequest, text: str, lines: list[str]
    ) -> None:
        write(tree, "index.html")
        (tree / "static.json").write_text(text)
        with pytest.raises(BuildFailed) as refusal:
            builder.build(request_for)
        assert refusal.value.hint
        assert refusal.value.message in lines


@pytest.mark.engine
class TestOnDocker(Sources):
    @pytest.fixture
    def engine(self, docker: Engine) -> Iterator[Engine]:
        yield docker
        for image in docker.images({"dokkupy.root": "contract", "dokkupy.app": "contract-app"}):
            docker.remove_image(image.id)


def write(tree: Path, *names: str) -> None:
    for name in names:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
