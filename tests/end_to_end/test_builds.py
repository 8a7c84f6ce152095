"""ACCEPTANCE C 6, 7, 9: what a Dockerfile build sees, where it is found, what it may not do."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from .conftest import BROKEN, EXAMPLES, Root, change, docker

pytestmark = pytest.mark.engine

PUBLIC = "two\nlines, \"quotes\" 'and' $more \N{ROCKET}"
SECRET = "e2e-secret-9d41c7"


def test_a_build_sees_declared_values_and_the_running_app_does_not(root: Root) -> None:
    name = root.create()
    root.cli("config", "set", name, f"SECRET_TOKEN={SECRET}", "FROM_CONFIG=x", "--no-restart")
    root.cli("build-args", "set", name, f"GREETING={PUBLIC}")
    root.cli("build-env", "set", name, "CURL_TIMEOUT=1234", "UNDECLARED=1")
    done = root.push(root.tree(BROKEN / "build-values"), name)
    answer = json.loads(root.get(f"{name}.localhost").body)
    assert answer["built"] == {"GREETING": PUBLIC, "CURL_TIMEOUT": "1234", "SECRET_TOKEN": None}
    assert answer["running"] == {"GREETING": None, "CURL_TIMEOUT": None, "SECRET_TOKEN": SECRET}
    assert "UNDECLARED is not declared" in done.err
    assert "add `ARG UNDECLARED`" in done.err
    image = root.json("releases", "show", name, "1")["image"]
    assert SECRET not in docker("history", "--no-trunc", image)
    assert SECRET not in done.err
    keys = [pair.partition("=")[0] for pair in _environment(image)]
    assert not {"GREETING", "CURL_TIMEOUT", "UNDECLARED", "SECRET_TOKEN"} & set(keys)


def test_curl_timeouts_are_there_by_default_and_the_app_s_beats_the_global_one(root: Root) -> None:
    name = root.create()
    tree = root.tree(BROKEN / "build-values")
    root.push(tree, name)
    assert _built(root, name)["CURL_TIMEOUT"] == "600"
    root.cli("build-env", "set", "--global", "CURL_TIMEOUT=700")
    try:
        change(tree, note="1")
        root.push(tree, name)
        assert _built(root, name)["CURL_TIMEOUT"] == "700"
        root.cli("build-env", "set", name, "CURL_TIMEOUT=800")
        change(tree, note="2")
        root.push(tree, name)
        assert _built(root, name)["CURL_TIMEOUT"] == "800"
    finally:
        root.cli("build-env", "unset", "--global", "CURL_TIMEOUT")


def test_config_becomes_a_build_argument_on_request_only(root: Root) -> None:
    name = root.create()
    tree = root.tree(BROKEN / "build-values")
    root.cli("config", "set", name, "GREETING=from config", "--no-restart")
    root.push(tree, name)
    assert _built(root, name)["GREETING"] == "none"
    root.cli("build-args", "from-config", name, "GREETING")
    change(tree, note="1")
    root.push(tree, name)
    assert _built(root, name)["GREETING"] == "from config"
    root.cli("config", "unset", name, "GREETING", "--no-restart")
    change(tree, note="2")
    done = root.push(tree, name, code=1)
    assert f"dokkupy config set {name} GREETING=VALUE" in done.err


def test_a_secret_is_mounted_from_config_and_stays_out_of_the_image(root: Root) -> None:
    name = root.create()
    tree = root.tree(BROKEN / "build-secret")
    done = root.push(tree, name, code=1)
    assert f"dokkupy config set {name} BUILD_TOKEN=VALUE" in done.err
    root.cli("config", "set", name, f"BUILD_TOKEN={SECRET}", "--no-restart")
    done = root.push(tree, name)
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    assert root.get(f"{name}.localhost").body.strip() == digest
    number = root.json("releases", "list", name)[0]["number"]
    image = root.json("releases", "show", name, str(number))["image"]
    assert SECRET not in docker("history", "--no-trunc", image)
    assert SECRET not in docker("inspect", image)
    assert SECRET not in done.err


def test_a_folder_of_the_repository_is_the_app_whatever_builds_it(root: Root) -> None:
    name, site = root.create(), root.create()
    tree = root.tree(BROKEN / "no-builder")
    (tree / "services").mkdir()
    for file in (EXAMPLES / "probe").iterdir():
        text = file.read_text()
        target = "Dockerfile.web" if file.name == "Dockerfile" else file.name
        (tree / "services" / target).write_text(text)
    (tree / "services" / "Procfile").write_text("web: OF=folder exec python app.py\n")
    (tree / "Procfile").write_text("web: false\n")
    (tree / "site").mkdir()
    (tree / "site" / "index.html").write_text("a site\n")
    change(tree, note="1")
    root.push(tree, name, code=1)
    root.cli("builds", "set", name, "build-dir", "services")
    root.cli("builder-dockerfile", "set", name, "dockerfile-path", "Dockerfile.web")
    root.push(tree, name)
    assert root.get(f"{name}.localhost").body == "version 1\n"
    assert root.get(f"{name}.localhost", "/env/OF").body == "folder"
    root.cli("builds", "set", site, "build-dir", "nowhere")
    refused = root.push(tree, site, code=1)
    assert "has no folder 'nowhere'" in refused.err
    root.cli("builds", "set", site, "build-dir", "site")
    root.push(tree, site)
    assert root.get(f"{site}.localhost").body == "a site\n"


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../b", ""])
def test_a_path_out_of_the_repository_is_refused(root: Root, path: str) -> None:
    name = root.create()
    root.cli("builder-dockerfile", "set", name, "dockerfile-path", "--", path, code=2)
    root.cli("builds", "set", name, "build-dir", "--", path, code=2)


def test_files_with_windows_line_ends_build_and_run(root: Root) -> None:
    name, tree = root.create(), root.tree(EXAMPLES / "probe")
    text = (tree / "Dockerfile").read_text()
    (tree / "Dockerfile").write_bytes(text.replace("\n", "\r\n").encode())
    (tree / "Procfile").write_bytes(b"# one\r\nweb: python app.py\r\n")
    change(tree, note="1")
    root.push(tree, name)
    assert root.get(f"{name}.localhost").body == "version 1\n"


def test_a_procfile_overrides_the_command_of_the_image(root: Root) -> None:
    name, tree = root.create(), root.tree(EXAMPLES / "probe")
    _replace_last_line(tree / "Dockerfile", 'CMD ["false"]')
    change(tree, Procfile="web: exec python app.py\n")
    root.push(tree, name)
    assert root.get(f"{name}.localhost").body == "version 1\n"


def test_an_entrypoint_without_a_procfile_gets_the_command_of_the_image(root: Root) -> None:
    name, tree = root.create(), root.tree(EXAMPLES / "probe")
    _replace_last_line(tree / "Dockerfile", 'ENTRYPOINT ["python"]\nCMD ["app.py"]')
    change(tree, note="1")
    root.push(tree, name)
    assert root.get(f"{name}.localhost").body == "version 1\n"


def test_an_entrypoint_that_prepares_and_runs_its_arguments_gets_the_procfile_s_line(
    root: Root,
) -> None:
    name, tree = root.create(), root.tree(EXAMPLES / "probe")
    entry = '#!/bin/sh\nexport PREPARED=yes\nexec "$@"\n'
    _replace_last_line(tree / "Dockerfile", 'ENTRYPOINT ["sh", "entry"]')
    change(tree, entry=entry, Procfile="web: exec python app.py $NOTHING\n")
    root.push(tree, name)
    assert root.get(f"{name}.localhost", "/env/PREPARED").body == "yes"


def test_dockerignore_keeps_files_out_of_the_image(root: Root) -> None:
    name, tree = root.create(), root.tree(EXAMPLES / "probe")
    change(tree, private="x", _dockerignore="private\n")
    (tree / "_dockerignore").rename(tree / ".dockerignore")
    change(tree, note="1")
    root.push(tree, name)
    assert "private" not in root.cli("run", name, "ls").out.split()


def _built(root: Root, name: str) -> dict[str, str | None]:
    built: dict[str, str | None] = json.loads(root.get(f"{name}.localhost").body)["built"]
    return built


def _environment(image: str) -> list[str]:
    (inspected,) = json.loads(docker("inspect", image))
    environment: list[str] = inspected["Config"]["Env"]
    return environment


def _replace_last_line(file: Path, text: str) -> None:
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:-1], text, ""]))
