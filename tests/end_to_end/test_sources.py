"""ACCEPTANCE C 7 and 8: apps from archives, images and other repositories, with submodules."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy.testing.sshd import PrivateSshd

from .conftest import EXAMPLES, Done, Root, change, commit, docker, git
from .source_server import SourceServer, serving

pytestmark = pytest.mark.engine

PROBE = EXAMPLES / "probe"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SourceServer]:
    with serving(tmp_path) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        yield server


def version(root: Root, app: str) -> str:
    return root.get(f"{app}.localhost").body.strip()


def packed(folder: Path, version: str, mode: str = "w:gz") -> bytes:
    """Return a tar of the probe with its files in one folder."""
    tree = folder / f"probe-{version}"
    shutil.copytree(PROBE, tree)
    (tree / "VERSION").write_text(version)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as tar:  # type: ignore[call-overload]
        tar.add(tree, arcname=tree.name)
    return file.getvalue()


def head(root: Root, app: str) -> str:
    [branch] = root.json("git", "report", app)
    return str(branch["commit"])


def remote(root: Root, app: str) -> str:
    return str(root.json("git", "remote", app)["path"])


def test_an_archive_sent_by_ssh_is_deployed_as_a_push_is(root: Root, tmp_path: Path) -> None:
    name = root.create()
    with PrivateSshd(tmp_path / "sshd", root.path / "ssh" / "authorized_keys") as sshd:
        key = sshd.make_key("zoe")
        root.cli("ssh-keys", "add", "zoe", stdin=key.with_suffix(".pub").read_bytes())

        def ask(*words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
            command = [*sshd.command(key), *words]
            return subprocess.run(
                command, input=stdin, capture_output=True, timeout=180, check=False
            )

        done = ask("git", "from-archive", name, stdin=packed(tmp_path, "7"))
        assert done.returncode == 0, done.stderr
        assert version(root, name) == "version 7"
        file = tmp_path / "of-the-server.tar"
        file.write_bytes(packed(tmp_path, "8", "w"))
        far = ask("git", "from-archive", name, str(file))
        assert far.returncode == 2
        assert b"from afar" in far.stderr
        far = ask("git", "sync", name, str(tmp_path))
        assert far.returncode == 2
    [release] = root.json("releases", "list", name)
    assert release["actor"] == "zoe"
    # What came so can be fetched, changed and pushed on, and built again.
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", remote(root, name), str(clone)], check=True)
    assert git(clone, "log", "--format=%an %s").strip() == "zoe archive from standard input"
    change(clone, VERSION="9")
    root.push(clone, name)
    assert version(root, name) == "version 9"


def test_an_archive_comes_from_a_file_and_a_zip_replaces_it(root: Root, tmp_path: Path) -> None:
    name = root.create()
    file = tmp_path / "app-1.tar.xz"
    file.write_bytes(packed(tmp_path, "1", "w:xz"))
    root.cli("git", "from-archive", name, str(file))
    assert version(root, name) == "version 1"
    zipped = tmp_path / "app.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        for path in PROBE.iterdir():
            archive.write(path, path.name)
    root.cli("git", "from-archive", name, str(zipped))
    assert [one["description"] for one in root.json("releases", "list", name)] == [
        "archive app.zip",
        "archive app-1.tar.xz",
    ]
    missing = root.cli("git", "from-archive", name, str(tmp_path / "none.tar"), code=3)
    assert "none.tar" in missing.err


def test_an_archive_comes_by_https_and_never_by_anything_else(
    root: Root, server: SourceServer, tmp_path: Path
) -> None:
    name = root.create()
    (server.folder / "app.tar.gz").write_bytes(packed(tmp_path, "3"))
    root.cli("git", "from-archive", name, server.url("app.tar.gz?token=abc123"))
    assert version(root, name) == "version 3"
    [release] = root.json("releases", "list", name)
    assert release["description"] == "archive app.tar.gz"
    assert "abc123" not in root.cli("events", "--json").out
    for url, code, words in (
        (server.url("none.tar.gz"), 5, "404"),
        (server.url("to-http"), 5, "http://localhost/elsewhere"),
        ("http://localhost/a.tar", 2, "no https URL"),
        ("file:///etc/passwd", 2, "no https URL"),
        ("https://me:secret@localhost/a.tar", 2, "password"),
    ):
        done = root.cli("git", "from-archive", name, url, code=code)
        assert words in done.err
        assert "secret" not in done.err
    assert version(root, name) == "version 3"


def test_a_hostile_archive_changes_nothing(root: Root, tmp_path: Path) -> None:
    name = root.create()
    root.cli("git", "from-archive", name, stdin=packed(tmp_path, "1"))
    before = head(root, name)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("Dockerfile"))
        entry = tarfile.TarInfo("../../../../../../etc/cron.d/evil")
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"evil"))
    done = root.cli("git", "from-archive", name, stdin=file.getvalue(), code=5)
    assert "etc/cron.d/evil" in done.err
    root.cli("git", "from-archive", name, stdin=packed(tmp_path, "2")[:-9], code=2)
    assert head(root, name) == before
    assert version(root, name) == "version 1"
    assert not Path("/etc/cron.d/evil").exists()
    assert [one["state"] for one in root.json("releases", "list", name)] == ["live"]


def test_an_archive_that_does_not_build_leaves_the_branch_where_it_was(
    root: Root, tmp_path: Path
) -> None:
    name = root.create()
    root.cli("git", "from-archive", name, stdin=packed(tmp_path, "1"))
    before = head(root, name)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("readme.txt"))
    done = root.cli("git", "from-archive", name, stdin=file.getvalue(), code=10)
    assert "looks for" in done.err
    assert (head(root, name), version(root, name)) == (before, "version 1")


def test_from_image_is_deploy_of_an_image(root: Root) -> None:
    name, tree = root.deployed(PROBE)
    docker("tag", root.json("releases", "show", name, "1")["image"], f"test/{name}:7")
    other = root.create()
    try:
        root.cli("git", "from-image", other, f"test/{name}:7")
        assert version(root, other) == "version 1"
        [release] = root.json("releases", "list", other)
        assert release["description"] == f"deploy of test/{name}:7"
    finally:
        docker("rmi", f"test/{name}:7")
    assert tree.exists()


def test_sync_stores_a_branch_and_deploys_it_when_asked_and_when_it_moved(
    root: Root, server: SourceServer
) -> None:
    name, tree = root.create(), root.tree(PROBE)
    url = server.publish(tree, "probe")
    stored = root.json("git", "sync", name, url)
    assert (stored["branch"], stored["moved"], stored["deployment"]) == ("main", True, None)
    assert root.json("releases", "list", name) == []
    root.cli("git", "sync", name, url, "--build")
    assert version(root, name) == "version 1"
    again = root.json("git", "sync", name, url, "--build")
    assert (again["moved"], again["deployment"]) == (False, None)
    made = change(tree, VERSION="2")
    server.publish(tree, "probe")
    moved = root.json("git", "sync", name, url, "main", "--build")
    assert (moved["commit"], moved["deployment"]["release"]) == (made, 2)
    assert version(root, name) == "version 2"
    git(tree, "tag", "v1", "HEAD~1")
    git(tree, "push", "--quiet", str(server.folder / "probe.git"), "v1")
    root.cli("git", "sync", name, url, "v1", "--build")
    assert version(root, name) == "version 1"
    assert root.json("releases", "list", name)[0]["description"] == "sync of v1"


def test_sync_that_fails_to_deploy_leaves_the_branch_and_is_tried_again(
    root: Root, server: SourceServer
) -> None:
    name, tree = root.create(), root.tree(PROBE)
    url = server.publish(tree, "probe")
    root.cli("git", "sync", name, url, "--build")
    before = head(root, name)
    change(tree, Dockerfile="FROM dokkupy/python:3\nRUN false\n")
    server.publish(tree, "probe")
    for _ in range(2):
        root.cli("git", "sync", name, url, "--build", code=10)
        assert (head(root, name), version(root, name)) == (before, "version 1")


def test_sync_says_what_is_wrong_with_where_it_should_fetch(
    root: Root, server: SourceServer
) -> None:
    name = root.create()
    url = server.publish(root.tree(PROBE), "probe")
    for words, code, said in (
        ((url, "none"), 3, "'none'"),
        ((server.url("nobody.git"),), 5, "cannot be fetched from"),
        (("ext::sh -c 'touch /tmp/x'",), 2, "no repository"),
        (("--upload-pack=x",), 2, ""),
        (("http://localhost/x.git",), 2, "no repository"),
        (("https://me:secret@localhost/x.git",), 2, "no repository"),
    ):
        done = root.cli("git", "sync", name, *words, code=code)
        assert said in done.err
        assert "secret" not in done.err
    near = root.tree(PROBE)
    assert root.json("git", "sync", name, str(near))["moved"]
    assert list((root.path / "run").glob("archive-*")) == []


def with_submodule(root: Root, url: str, path: str, revision: str) -> Path:
    """Return the probe with its VERSION taken from a submodule, whatever has to be fetched."""
    tree = root.tree(PROBE)
    git(tree, "rm", "--quiet", "VERSION")
    (tree / ".gitmodules").write_text(f'[submodule "words"]\n\tpath = {path}\n\turl = {url}\n')
    git(tree, "update-index", "--add", "--cacheinfo", f"160000,{revision},{path}")
    git(tree, "add", ".gitmodules")
    (tree / "Dockerfile").write_text(
        (PROBE / "Dockerfile").read_text().replace("USER", f"RUN cp {path}/VERSION VERSION\nUSER")
    )
    git(tree, "add", "Dockerfile")
    git(tree, "commit", "--quiet", "--message", "with a submodule")
    return tree


def words(root: Root, server: SourceServer, **files: str) -> tuple[Path, str, str]:
    """Publish a repository with a VERSION; return its tree, URL and commit."""
    tree = root.work / f"words-{server.port}"
    tree.mkdir()
    git(tree, "init", "--quiet", "--initial-branch=main")
    for name, text in {"VERSION": "from a submodule", **files}.items():
        (tree / name).write_text(text)
    made = commit(tree, "words")
    return tree, server.publish(tree, "words"), made


def test_a_submodule_is_built_along_and_is_not_fetched_again(
    root: Root, server: SourceServer
) -> None:
    theirs, url, first = words(root, server)
    change(theirs, VERSION="a later one")
    server.publish(theirs, "words")
    name, tree = root.create(), with_submodule(root, url, "vendor/words", first)
    done = root.push(tree, name)
    assert f"Fetching the submodule vendor/words from {url}" in done.err
    assert version(root, name) == "version from a submodule"
    server.asked.clear()
    git(tree, "commit", "--quiet", "--allow-empty", "--message", "again")
    done = root.push(tree, name)
    assert "Fetching the submodule" not in done.err
    assert server.asked == []
    # Nor is it by another app.
    other = root.create()
    root.push(tree, other)
    assert version(root, other) == "version from a submodule"
    assert server.asked == []


def test_a_submodule_of_a_submodule_is_found_beside_it(root: Root, server: SourceServer) -> None:
    _, _, inner = words(root, server)
    outer = root.work / f"outer-{server.port}"
    outer.mkdir()
    git(outer, "init", "--quiet", "--initial-branch=main")
    (outer / ".gitmodules").write_text('[submodule "w"]\n\tpath = w\n\turl = ../words.git\n')
    git(outer, "add", ".gitmodules")
    git(outer, "update-index", "--add", "--cacheinfo", f"160000,{inner},w")
    git(outer, "commit", "--quiet", "--message", "outer")
    url = server.publish(outer, "outer")
    name = root.create()
    tree = with_submodule(root, url, "out", git(outer, "rev-parse", "HEAD").strip())
    file = tree / "Dockerfile"
    file.write_text(file.read_text().replace("out/VERSION", "out/w/VERSION"))
    git(tree, "add", "Dockerfile")
    git(tree, "commit", "--quiet", "--message", "deeper")
    root.push(tree, name)
    assert version(root, name) == "version from a submodule"


def refusal(root: Root, tree: Path) -> Done:
    name = root.create()
    done = root.push(tree, name, code=1)
    assert root.json("git", "report", name) == []
    return done


def test_a_submodule_that_cannot_be_had_is_named_with_what_mends_it(
    root: Root, server: SourceServer
) -> None:
    _, url, made = words(root, server)
    for said, where, revision in (
        ("cannot be fetched from", server.url("nobody.git"), made),
        ("which " + url + " does not have", url, "1" * 40),
        ("no repository that can be fetched from", "ext::sh -c true", made),
        ("no repository that can be fetched from", "file:///etc", made),
        ("a folder, which no other machine has", str(server.folder / "words.git"), made),
        ("beside nothing", "../words.git", made),
    ):
        done = refusal(root, with_submodule(root, where, "vendor/words", revision))
        assert "'vendor/words'" in done.err
        assert said in done.err.replace("\nremote:        ", " ")
        assert "git submodule" in done.err


def test_a_relative_submodule_of_a_synced_app_is_beside_where_it_came_from(
    root: Root, server: SourceServer
) -> None:
    _, _, made = words(root, server)
    tree = with_submodule(root, "../words.git", "vendor/words", made)
    name = root.create()
    root.cli("git", "sync", name, server.publish(tree, "app"), "--build")
    assert version(root, name) == "version from a submodule"
