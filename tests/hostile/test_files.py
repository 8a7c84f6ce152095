"""The files of an app that dokkupy itself reads: understood, or refused with the place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from dokkupy import appjson, envfile, procfile, shell
from dokkupy.engine_docker import dockerfile as labelling
from dokkupy.engine_docker import ignore
from dokkupy.operations.parameters import KeyValue
from dokkupy.types import Environment
from dokkupy_builder_dockerfile.dockerfile import Dockerfile

from .budget import hostile
from .claims import attempt
from .texts import anything, lines_of, near, octets, unicode

word = st.sampled_from(["web", "worker", "release", "a-b", "web ", "-x", "web;", "Web", ""])
procfile_lines = lines_of(st.tuples(word | anything, st.just(": "), anything).map("".join))

json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=8,
)
seconds: st.SearchStrategy[object] = st.sampled_from(
    [0, -1, 1, 3600, 3601, 1e300, 10**400, True, "1", None, [], 0.5]
)
check = st.dictionaries(
    st.sampled_from(["type", "path", "timeout", "deadline", "settle"]),
    seconds | json_value | st.sampled_from(["/health", "startup", "//", "/a b", "/\r\nX: y"]),
)
app_json = st.fixed_dictionaries(
    {}, optional={"healthchecks": json_value | st.dictionaries(word, st.lists(check))}
)

key = st.sampled_from(["KEY", "A_B", "export KEY", "1A", "A-B", "", "#KEY"])
env_lines = lines_of(st.tuples(key | anything, st.just("="), anything).map("".join))
environments = st.dictionaries(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True),
    anything.filter(lambda text: "\0" not in text),
    max_size=4,
)

instruction = st.sampled_from(
    [
        "FROM ", "FROM --platform=$X ", "RUN ", "RUN --mount=", "RUN <<EOF", "COPY --from=", "ARG ",
        "ENV ", "LABEL ", "ONBUILD ", "# escape=`", "# syntax=", "HEALTHCHECK ", "CMD [", "EOF", "",
    ]
)  # fmt: skip
mount = st.sampled_from(["type=secret,id=", 'type="secret', "type=secret,target=/a/", "${A:-", "$"])
dockerfiles = lines_of(st.tuples(instruction, mount | anything, anything).map("".join))

globs = st.sampled_from(
    ["**", "*", "?", "[", "]", "[^a", "a-z]", "!", "\\", "/", "..", "a", "b", "#"]
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tree")


@hostile(4, text=procfile_lines | anything)
def test_a_procfile_is_commands_by_name(text: str) -> None:
    processes = attempt(procfile.parse, text)
    if processes is None:
        return
    written = "\n".join(f"{name}: {command}" for name, command in processes.items())
    assert procfile.parse(written) == processes
    for command in processes.values():
        assert command == command.strip()
        assert not {"\0", "\n"} & set(command)
        line = shell.of_line(command)
        assert line == ("sh", "-c", command)
        assert shell.giving_way(line)[:2] == ("sh", "-c")


@hostile(1, content=octets)
def test_a_procfile_of_any_bytes_is_read_or_refused(tree: Path, content: bytes) -> None:
    (tree / "Procfile").write_bytes(content)
    attempt(procfile.read, tree)


@hostile(5, document=app_json | json_value)
def test_an_app_json_is_checks_within_bounds(tree: Path, document: Any) -> None:
    (tree / "app.json").write_text(json.dumps(document))
    for found in (attempt(appjson.read_checks, tree) or {}).values():
        assert all(0 < bound <= 3600 for bound in (found.timeout, found.deadline, found.settle))
        assert found.path == "" or found.path.startswith("/")
        assert found.path.isascii()
        assert found.path.isprintable()
        assert " " not in found.path


@hostile(1, content=octets, depth=st.integers(0, 3000))
def test_an_app_json_of_any_bytes_is_read_or_refused(
    tree: Path, content: bytes, depth: int
) -> None:
    (tree / "app.json").write_bytes(content)
    attempt(appjson.read_checks, tree)
    nested = "[" * depth + "]" * depth
    (tree / "app.json").write_text(f'{{"healthchecks": {{"web": [{{"path": {nested}}}]}}}}')
    attempt(appjson.read_checks, tree)


@hostile(4, values=environments)
def test_variables_come_back_from_a_file_as_they_were(values: dict[str, str]) -> None:
    environment = Environment(values)
    assert envfile.load(envfile.dump(environment, "env")) == values
    assert envfile.load(envfile.dump(environment, "json")) == values


@hostile(4, text=env_lines | anything | json_value.map(json.dumps))
def test_a_file_of_variables_is_understood_or_refused(text: str) -> None:
    values = attempt(envfile.load, text)
    if values is None:
        return
    assert envfile.load(envfile.dump(values, "env")) == values
    assert all("\0" not in value for value in values.values())


@hostile(3, text=anything | st.tuples(key, st.just("="), unicode).map("".join))
def test_a_pair_keeps_its_value_and_shows_it_nowhere(text: str) -> None:
    pair = attempt(KeyValue.parse, text)
    if pair is not None:
        assert f"{pair.key}={pair.value}" == text
        assert repr(pair) == f"KeyValue(key={pair.key!r})"


@hostile(4, text=dockerfiles)
def test_what_dokkupy_reads_of_a_dockerfile_never_stops_a_build(text: str) -> None:
    found = Dockerfile.parse(text)
    assert isinstance(found.args, frozenset)
    assert all(isinstance(secret.id, str) for secret in found.secrets)
    found.images({"A": "b"})
    assert isinstance(found.buildkit_features, tuple)
    labelling.bases_if_nothing_runs(text)
    labelled = labelling.with_labels(text, {"dokkupy.app": "shop"})
    assert "dokkupy.app=shop" in labelled


@hostile(3, text=lines_of(st.lists(globs, max_size=6).map("".join) | anything), name=near("ab"))
def test_a_dockerignore_leaves_files_out_and_does_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, text: str, name: str
) -> None:
    for pattern in ignore.parse(text):
        pattern.regex.fullmatch("a/b/ab/aab.b")
        pattern.may_match_below("a")
        assert not pattern.text.startswith(("/", "../"))
