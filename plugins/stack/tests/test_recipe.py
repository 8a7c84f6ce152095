from __future__ import annotations

from pathlib import Path

from dokkupy_stack.apt_settings import AptSource
from dokkupy_stack.recipe import Recipe, recipes_for
from dokkupy_stack.settings import LEAN_APT, MachineSettings
from dokkupy_stack.stacks import BUILD, PYTHON, RUN, release

SOURCE = AptSource(
    uris=("http://mirror.example/debian",), suites=("bookworm",), components=("main",)
)
SETTINGS = MachineSettings(
    codename="bookworm",
    sources=(SOURCE,),
    options=('Acquire::http::Proxy "http://proxy.example:3128";',),
    pip={"index-url": "https://index.example/simple"},
    certificates={"ours.crt": "PEM"},
    keys={"/etc/apt/keyrings/k.gpg": b"key"},
    npm={"registry": "https://npm.example/"},
)


def python_of(settings: MachineSettings = SETTINGS, foundation: str = "sha256:aa") -> list[Recipe]:
    return recipes_for(PYTHON, "dokkupy/debian:bookworm", settings, foundation=foundation)


def test_the_ground_gets_the_machines_settings_before_anything_is_installed() -> None:
    ground, _ = python_of()
    assert ground.dockerfile.splitlines() == [
        "# dokkupy/debian:bookworm was sha256:aa",
        "FROM dokkupy/debian:bookworm",
        (
            "RUN rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*"
            " /etc/apt/apt.conf.d/99mmdebstrap"
        ),
        "COPY overlay/ /",
        (
            "RUN command -v update-ca-certificates >/dev/null"
            " || { apt-get -qq update && apt-get -qq install -y"
            " --no-install-recommends ca-certificates"
            " && rm -rf /var/lib/apt/lists/*; }; update-ca-certificates"
        ),
        "ENV LANG=C.UTF-8",
        'CMD ["bash"]',
    ]
    assert {path: text.decode() for path, text in ground.files.items()} == {
        "/etc/apt/keyrings/k.gpg": "key",
        "/etc/apt/sources.list.d/machine.sources": SOURCE.stanza(),
        "/etc/apt/apt.conf.d/80lean": LEAN_APT,
        "/etc/apt/apt.conf.d/90machine": 'Acquire::http::Proxy "http://proxy.example:3128";\n',
        "/etc/pip.conf": (
            "[global]\n"
            "cert = /etc/ssl/certs/ca-certificates.crt\n"
            "disable-pip-version-check = true\n"
            "index-url = https://index.example/simple\n"
            "no-cache-dir = true\n"
        ),
        "/usr/local/share/ca-certificates/ours.crt": "PEM",
    }


def test_python_stands_on_exactly_the_ground_that_was_made() -> None:
    ground, python = python_of()
    assert python.dockerfile.splitlines()[:2] == [
        f"FROM dokkupy/base:{ground.version}",
        (
            "RUN apt-get -qq update && apt-get -qq install -y"
            " --no-install-recommends python3 python3-venv"
            " && rm -rf /var/lib/apt/lists/*"
        ),
    ]
    assert python.labels == {"dokkupy.stack": "python", "dokkupy.stack.version": python.version}


def test_another_foundation_or_another_setting_makes_another_version_all_the_way_up() -> None:
    other_ca = MachineSettings(
        codename="bookworm", sources=(SOURCE,), certificates={"ours.crt": "OTHER"}
    )
    versions = [
        tuple(recipe.version for recipe in recipes)
        for recipes in (python_of(), python_of(foundation="sha256:bb"), python_of(other_ca))
    ]
    assert python_of() == python_of()
    assert len({ground for ground, _ in versions}) == len({top for _, top in versions}) == 3


def test_without_usable_sources_the_images_own_are_left_alone() -> None:
    ground, _ = python_of(MachineSettings(codename="bookworm", sources=()))
    assert "sources.list" not in ground.dockerfile
    assert set(ground.files) == {"/etc/apt/apt.conf.d/80lean", "/etc/pip.conf"}


def test_a_context_holds_the_dockerfile_and_the_overlay(tmp_path: Path) -> None:
    ground, _ = python_of()
    ground.write(tmp_path)
    key = tmp_path / "overlay/etc/apt/keyrings/k.gpg"
    assert key.read_bytes() == b"key"
    assert key.stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "Dockerfile").read_text() == ground.dockerfile


def test_nothing_of_the_machine_is_left_in_what_apps_run_on() -> None:
    _, run = recipes_for(RUN, "dokkupy/debian:bookworm", SETTINGS, foundation="sha256:aa")
    lines = run.dockerfile.splitlines()
    taken = next(line for line in lines if line.startswith("RUN rm -f "))
    assert set(SETTINGS.files()) <= set(taken.split())
    assert taken.endswith("&& update-ca-certificates --fresh")
    # One layer: what was deleted is not below it.
    assert lines[lines.index(taken) + 1 :][:2] == ["FROM scratch", "COPY --from=made / /"]
    assert lines[-3:] == ["USER app", "WORKDIR /app", 'CMD ["bash"]']
    assert run.files == {}


def test_what_is_built_on_gets_the_machines_settings_back_and_those_of_uv_and_npm() -> None:
    *_, run, build = recipes_for(BUILD, "dokkupy/debian:bookworm", SETTINGS, foundation="sha256:aa")
    lines = build.dockerfile.splitlines()
    assert lines[:3] == [f"FROM dokkupy/run:{run.version}", "USER root", "COPY overlay/ /"]
    assert lines[-1] == "USER app"
    assert SETTINGS.files().items() <= build.files.items()
    assert build.files["/etc/npmrc"].decode().splitlines() == [
        "audit=false",
        "cafile=/etc/ssl/certs/ca-certificates.crt",
        "fund=false",
        "registry=https://npm.example/",
        "update-notifier=false",
    ]
    assert build.files["/etc/uv/uv.toml"].decode().splitlines() == [
        "",
        "[[index]]",
        'url = "https://index.example/simple"',
        "default = true",
    ]


def test_images_that_carry_the_name_of_a_release_say_which() -> None:
    run = recipes_for(RUN, "dokkupy/debian:bookworm", SETTINGS, foundation="sha256:aa")[-1]
    assert run.labels["dokkupy.stack.release"] == release()
    assert RUN.tags == ("dokkupy/run:latest", f"dokkupy/run:{release()}")
