from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from dokkupy.builder import Builder, BuildRequest, Limits
from dokkupy.engine import ContainerSpec, Engine
from dokkupy.errors import BuildFailed
from dokkupy.testing.contracts.builder import LABELS, PUBLIC, SECRET, source
from dokkupy.testing.suites import BuilderContract
from dokkupy.types import Environment, EnvLayer, Rank
from dokkupy_buildpacks.builder import BuildpacksBuilder
from dokkupy_buildpacks.container import volume_of

pytestmark = pytest.mark.engine

Pack = Callable[..., str]


@pytest.fixture
def engine(clean: Engine) -> Engine:
    return clean


@pytest.fixture
def builder() -> Builder:
    return BuildpacksBuilder()


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """Return what makes a buildpack of scripts and returns its folder."""

    def make(name: str = "pack", **scripts: str) -> str:
        folder = tmp_path / name
        (folder / "bin").mkdir(parents=True)
        for script, text in {"detect": "echo Own", **scripts}.items():
            file = folder / "bin" / script
            file.write_text(f"#!/usr/bin/env bash\nset -e\n{text}\n")
            file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return str(folder)

    return make


class TestBuilder(BuilderContract):
    @pytest.fixture
    def builder(self) -> Builder:
        return BuildpacksBuilder()

    @pytest.fixture
    def engine(self, clean: Engine) -> Engine:
        return clean

    def matching(self, tree: Path) -> None:
        (tree / "requirements.txt").write_text("# nothing\n")
        (tree / "Procfile").write_text("web: python app.py\n")

    def foreign(self, tree: Path) -> None:
        (tree / "Dockerfile").write_text("FROM scratch\n")

    def failing(self, tree: Path, output: str) -> None:
        (tree / "requirements.txt").touch()
        (tree / ".python-version").write_text(f"{output}\n")

    def escaping(self, tree: Path, outside: Path) -> None:
        (tree / ".buildpacks").symlink_to(outside)


@pytest.fixture
def built(
    tmp_path: Path, engine: Engine, builder: Builder
) -> Callable[..., tuple[str, dict[str, str], list[str]]]:
    """Return what builds a source with buildpacks: -> image, processes, lines of output."""

    def build(
        *packs: str,
        files: dict[str, str] | None = None,
        env: dict[str, str] | None = None,
        programs: dict[str, bytes] | None = None,
        layers: tuple[EnvLayer, ...] = (),
        procfile: str = "web: true\n",
        **properties: object,
    ) -> tuple[str, dict[str, str], list[str]]:
        tree = tmp_path / "tree"
        tree.mkdir(exist_ok=True)
        for name, text in {"Procfile": procfile, **(files or {})}.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            if text:
                (tree / name).write_text(text)
        lines: list[str] = []
        request = BuildRequest(
            source=source(tree),
            env=Environment(env or {}),
            layers=layers,
            properties={"buildpacks": " ".join(packs), **properties},
            labels=LABELS,
            limits=Limits(memory=512 * 1024**2),
            engine=engine,
            on_line=lines.append,
            provide_image=lambda _: False,
            programs=programs or {},
        )
        try:
            made = builder.build(request)
        except BuildFailed as error:
            error.add_note("\n".join(lines))
            raise
        return made.image, dict(made.processes), lines

    return build


Built = Callable[..., tuple[str, dict[str, str], list[str]]]


def said(engine: Engine, image: str, script: str) -> str:
    """Return what a script says that is started as a process of the app would be."""
    spec = ContainerSpec(
        name=f"dokkupy-contract-{image[7:19]}",
        image=image,
        command=("sh", "-c", script),
        labels=LABELS,
    )
    container = engine.create(spec)
    try:
        engine.start(container)
        assert engine.wait([container], 30) is not None
        return b"\n".join(engine.logs(container)).decode()
    finally:
        engine.remove(container)


def test_a_classic_buildpack_gets_its_three_folders_and_what_it_makes_runs(
    built: Built, engine: Engine, pack: Pack
) -> None:
    own = pack(
        compile="""
[[ -f $1/here && -d $2 && -d $3 ]]
mkdir -p "$1/.profile.d" "$1/made"
echo 'export FROM_PROFILE="it was sourced"' > "$1/.profile.d/own.sh"
echo made > "$1/made/file"
id -u
""",
        release="printf -- '---\\ndefault_process_types:\\n  web: cat made/file\\n'",
    )
    image, processes, lines = built(own, files={"here": "x"}, procfile="")
    assert processes == {"web": "cat made/file"}
    assert lines[-1] != "0"
    assert said(engine, image, 'cat made/file; echo "$FROM_PROFILE $HOME $(id -un)"; pwd') == (
        "made\nit was sourced /app app\n/app"
    )


def test_values_reach_the_buildpack_byte_for_byte_and_no_image_or_container(
    built: Built, engine: Engine, pack: Pack
) -> None:
    value = " two\nlines\t\"quotes\" 'and' ${more} \N{ROCKET}=\n"
    own = pack(compile='sha256sum < "$3/VALUE"; ls "$3"; [[ -z ${VALUE+x} ]]')
    image, _, lines = built(own, env={"VALUE": value, "EMPTY": ""})
    assert lines[1].split()[0] == hashlib.sha256(value.encode()).hexdigest()
    assert lines[2:4] == ["EMPTY", "VALUE"]
    assert "VALUE" not in engine.image(image).env_keys
    assert "quotes" not in said(engine, image, "env; grep -r quotes /app || true")


def test_public_values_are_in_the_environment_of_the_buildpack_and_not_of_the_app(
    built: Built, engine: Engine, pack: Pack
) -> None:
    public = Environment(CONTRACT_PUBLIC=PUBLIC, PATH="/nowhere")
    layer = EnvLayer(rank=Rank.BUILD, origin="contract", values=public, public=True)
    own = pack(compile='echo "public $CONTRACT_PUBLIC secret $CONTRACT_SECRET"')
    image, _, lines = built(own, env={"CONTRACT_SECRET": SECRET, **public}, layers=(layer,))
    assert f"public {PUBLIC} secret" in lines
    assert not any(SECRET in line for line in lines)
    assert PUBLIC not in said(engine, image, "env")


def test_what_a_buildpack_exports_reaches_the_next_one_and_the_last_says_what_runs(
    built: Built, pack: Pack
) -> None:
    first = pack(
        "first",
        compile="""
mkdir "$1/tools"; printf '#!/bin/sh\\necho a tool\\n' > "$1/tools/tool"; chmod +x "$1/tools/tool"
echo 'export PATH="'$1'/tools:$PATH" TWO_LINES=$'"'a\\nb'" > "$(dirname "$0")/../export"
""",
        release="echo 'default_process_types: {}'; echo '  web: first'",
    )
    second = pack(
        "second",
        compile='tool; echo "$TWO_LINES"',
        release="printf 'default_process_types:\\n  web: second\\n  worker: \"w: x\"\\n'",
    )
    _, processes, lines = built(first, second, procfile="")
    assert lines[2:5] == ["a tool", "a", "b"]
    assert processes == {"web": "second", "worker": "w: x"}


def test_the_cache_is_kept_from_build_to_build(built: Built, engine: Engine, pack: Pack) -> None:
    own = pack(compile='cat "$2/count" 2>/dev/null || echo none; echo kept > "$2/count"')
    assert "none" in built(own)[2]
    assert "kept" in built(own)[2]
    engine.remove_volume(volume_of(LABELS))
    assert "none" in built(own)[2]


def test_nothing_of_the_build_before_is_left_in_the_next(
    built: Built, engine: Engine, pack: Pack
) -> None:
    own = pack(compile='ls "$1"; touch "$1/left-$RANDOM"')
    built(own, files={"one": "x"})
    image, _, lines = built(own)
    assert not any("left-" in line for line in lines)
    assert said(engine, image, "ls | grep -c left-") == "1"


def test_large_results_are_a_layer_that_the_next_build_shares(
    built: Built, engine: Engine, pack: Pack
) -> None:
    own = pack(
        compile="""
[[ -f $2/large ]] || head -c 4000000 /dev/urandom > "$2/large"
mkdir -p "$1/vendor"; cp "$2/large" "$1/vendor/large"; date +%N > "$1/vendor-stamp"
"""
    )
    first, _, _ = built(own, files={"file": "one"})
    (shared,) = layers_of(engine)
    second, _, _ = built(own, files={"file": "two\n"})
    assert layers_of(engine) == [shared]
    sizes = engine.own_sizes()
    assert sizes[first] < 100_000
    assert sizes[second] < 100_000
    assert said(engine, second, "cat file; wc -c < vendor/large") == "two\n4000000"


def test_a_layer_of_no_use_any_more_is_forgotten(built: Built, engine: Engine, pack: Pack) -> None:
    own = pack(compile='head -c 4000000 /dev/urandom > "$1/large"')
    built(own)
    before = layers_of(engine)
    built(own)
    assert len(layers_of(engine)) == 1
    assert layers_of(engine) != before


def layers_of(engine: Engine) -> list[str]:
    found = (tag for image in engine.images(LABELS) for tag in image.tags)
    return sorted(tag for tag in found if tag.startswith("dokkupy-layers/"))


def test_programs_come_first_in_path(built: Built, pack: Pack) -> None:
    own = pack(compile="curl --version")
    _, _, lines = built(own, programs={"curl": b"#!/bin/sh\necho ours\n"})
    assert "ours" in lines


def test_a_buildpack_that_does_not_fit_stops_the_build(built: Built, pack: Pack) -> None:
    own = pack(detect="exit 1", compile="echo never")
    with pytest.raises(BuildFailed, match="its bin/detect says no") as caught:
        built(own)
    assert caught.value.hint == "See which are set: dokkupy buildpacks list contract-app"


def test_a_failed_compile_says_which_and_how(built: Built, pack: Pack) -> None:
    own = pack(compile="echo no such header >&2; exit 7")
    with pytest.raises(BuildFailed, match="failed with exit code 7") as caught:
        built(own)
    assert caught.value.detail.splitlines()[-1] == "no such header"


def test_a_source_without_anything_to_run_is_refused(built: Built, pack: Pack) -> None:
    with pytest.raises(BuildFailed, match="what to run"):
        built(pack(compile="true"), procfile="")


def test_a_build_that_eats_memory_dies_alone_and_says_how_to_give_it_more(
    built: Built, pack: Pack
) -> None:
    own = pack(compile="python3 -c 'x = bytearray(400 << 20)'")
    with pytest.raises(BuildFailed, match="64 MiB") as caught:
        built(own, **{"build-memory": "64m"})
    assert caught.value.hint.endswith("builder-buildpacks set contract-app build-memory 4g")


def test_a_build_without_an_end_is_stopped(built: Built, engine: Engine, pack: Pack) -> None:
    with pytest.raises(BuildFailed, match="not done after 3 s") as caught:
        built(pack(compile="sleep 600"), **{"build-timeout": 3})
    assert "build-timeout 6" in caught.value.hint
    assert engine.containers(LABELS) == []


def test_a_fork_bomb_meets_the_cap_on_processes(built: Built, pack: Pack) -> None:
    own = pack(compile="cat /sys/fs/cgroup/pids/pids.max || cat /sys/fs/cgroup/pids.max")
    assert "2048" in built(own)[2]


def test_the_build_is_no_super_user_and_cannot_become_one(built: Built, pack: Pack) -> None:
    own = pack(compile="id -u; su -c id root || echo refused; grep NoNewPrivs /proc/1/status")
    lines = built(own)[2]
    assert "1000" in lines
    assert "refused" in lines
    assert "NoNewPrivs:\t1" in lines


def test_nothing_of_the_machines_settings_is_in_the_image_of_the_app(
    built: Built, engine: Engine
) -> None:
    image, _, _ = built("python", files={"requirements.txt": "# nothing\n"})
    listed = said(
        engine,
        image,
        "ls /etc/apt/sources.list.d /etc/apt/sources.list /etc/pip.conf /etc/npmrc /etc/uv"
        " /usr/local/share/ca-certificates 2>/dev/null; which gcc curl git",
    )
    assert listed.split() == [
        "/etc/apt/sources.list.d:",
        "/usr/local/share/ca-certificates:",
    ]


def test_an_app_stays_on_the_stack_that_it_is_said_to_be_on(
    built: Built, engine: Engine, pack: Pack
) -> None:
    own = pack(compile='echo "stack $STACK"')
    label = engine.image("dokkupy/build:latest").labels["dokkupy.stack.release"]
    image, _, lines = built(own)
    assert f"stack {label}" in lines
    assert engine.image(image).labels["dokkupy.buildpacks.stack"] == label
    with pytest.raises(BuildFailed, match="no image dokkupy/build:older") as caught:
        built(own, stack="older")
    assert "set-stack contract-app" in caught.value.hint


def test_links_and_modes_of_the_source_are_kept(
    built: Built, engine: Engine, pack: Pack, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (tree / "run.sh").chmod(0o755)
    (tree / "to-nowhere").symlink_to("/nowhere")
    image, _, _ = built(pack(compile="true"))
    assert said(engine, image, "./run.sh; readlink to-nowhere") == "ran\n/nowhere"
