"""What comes out of this very machine, on a real engine."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dokkupy.engine import Engine, ImageBuild
from dokkupy.engine_docker import DockerEngine
from dokkupy_stack.bootstrap import REVISION, bootstrap
from dokkupy_stack.foundation import foundation_reference
from dokkupy_stack.provider import Provider, cache_directory
from dokkupy_stack.recipe import recipes_for
from dokkupy_stack.settings import MachineSettings
from dokkupy_stack.stacks import BASE, PYTHON

pytestmark = pytest.mark.engine

Build = Callable[[Path], list[str]]


@pytest.fixture(scope="module")
def engine() -> Engine:
    engine = DockerEngine()
    Provider.here(engine, lambda _: None).ensure(PYTHON)
    return engine


@pytest.fixture
def build(engine: Engine) -> Build:
    """Give a function that builds a context, removes the image and returns the output."""

    def build(context: Path) -> list[str]:
        lines: list[str] = []
        wanted = ImageBuild(
            context=context,
            dockerfile="Dockerfile",
            args={},
            labels={"dokkupy.stack": "test"},
            memory=1024**3,
            cpu_shares=512,
            no_cache=True,
        )
        engine.remove_image(engine.build(wanted, lines.append))
        return lines

    return build


def test_making_it_again_makes_nothing(engine: Engine) -> None:
    lines: list[str] = []
    recipe = Provider.here(engine, lines.append).ensure(PYTHON)
    assert lines == []
    assert engine.image("dokkupy/python:3").labels["dokkupy.stack.version"] == recipe.version


def test_packages_can_be_installed_in_a_build(build: Build, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM dokkupy/python:3\n"
        "RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends hello && hello\n"
        "RUN pip install --quiet six && python -c 'import six; print(six.__name__)'\n"
        "RUN ls -A /var/cache/apt\n"
    )
    lines = build(tmp_path)
    assert "Hello, world!" in lines
    assert "six" in lines
    assert not any("pkgcache.bin" in line for line in lines)


def test_a_private_authority_of_the_machine_is_trusted(
    engine: Engine, build: Build, tmp_path: Path
) -> None:
    certificate, key = tmp_path / "ours.crt", tmp_path / "ours.key"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    names = ["-subj", "/CN=a private authority", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*request, *names], check=True, capture_output=True)
    settings = replace(MachineSettings.read(), certificates={"ours.crt": certificate.read_text()})
    reference = foundation_reference(settings.codename)
    (recipe,) = recipes_for(BASE, reference, settings, foundation=engine.image(reference).id)
    context = tmp_path / "context"
    context.mkdir()
    recipe.write(context)
    with (context / "Dockerfile").open("a") as dockerfile:
        dockerfile.write("RUN openssl verify /usr/local/share/ca-certificates/ours.crt\n")
    assert "/usr/local/share/ca-certificates/ours.crt: OK" in build(context)


@pytest.mark.slow
def test_a_bootstrapped_root_is_this_release_and_tells_nothing_of_this_machine() -> None:
    settings = MachineSettings.read()
    tar = cache_directory() / f"debian-{settings.codename}-{REVISION}.tar"
    if not tar.is_file():
        bootstrap(settings, tar, lambda _: None)
    with tarfile.open(tar) as root:
        names = {name.removeprefix("./") for name in root.getnames()}
        release = root.extractfile("./usr/lib/os-release")
        assert release is not None
        assert f"VERSION_CODENAME={settings.codename}" in release.read().decode().splitlines()
    assert {"usr/bin/apt-get", "usr/bin/perl", "usr/sbin/update-ca-certificates"} <= names
    assert not {"etc/hostname", "etc/resolv.conf", "dev/null"} & names
