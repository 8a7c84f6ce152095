"""An app's bare repository, with real git."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dokkupy import git
from dokkupy.errors import DokkupyError, NotFound, Refused, StateError, UsageError
from dokkupy.names import AppName
from dokkupy.paths import Paths

APP = AppName("hello")
MAIN = "refs/heads/main"


class Clone:
    """A person's working copy."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.git("init", "--quiet", "--initial-branch=main", str(path))

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", "-c", "user.name=Ann", "-c", "user.email=ann@localhost", *arguments],
            cwd=self.path if self.path.exists() else "/",
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout.strip()

    def commit(self, name: str, text: str = "", *, message: str = "change") -> str:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


@pytest.fixture
def repo(paths: Paths) -> Path:
    """Make the app's repository without its hook, so that git stores what is pushed."""
    path = git.ensure_repo(paths, APP)
    (path / "hooks" / "proc-receive").unlink()
    (path / "config").write_text("[core]\n\tbare = true\n\trepositoryformatversion = 0\n")
    return path


def test_a_repository_is_made_once_and_brought_up_to_date(paths: Paths) -> None:
    path = git.ensure_repo(paths, APP)
    assert path == paths.git / "hello.git"
    hook, config = path / "hooks" / "proc-receive", path / "config"
    expected = hook.read_text(), config.read_text()
    assert os.access(hook, os.X_OK)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    hook.write_text("of an older dokkupy")
    config.unlink()
    git.ensure_repo(paths, APP)
    assert (hook.read_text(), config.read_text()) == expected
    assert os.access(hook, os.X_OK)
    shown = subprocess.run(
        ["git", f"--git-dir={path}", "config", "--local", "--list"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.splitlines()
    assert {"receive.procreceiverefs=refs", "transfer.fsckobjects=true"} <= set(shown)


def test_git_of_ours_does_not_heed_the_user_or_the_call_that_started_us(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text("this is no configuration\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", "/nowhere")
    git.ensure_repo(paths, APP)
    assert git.current(paths, APP, MAIN) == git.ABSENT


def test_a_revision_is_a_branch_before_anything_else(
    paths: Paths, repo: Path, clone: Clone
) -> None:
    first = clone.commit("f", "1")
    second = clone.commit("f", "2")
    clone.git("push", "--quiet", str(repo), "main", f"{first}:refs/heads/v1", "main:refs/tags/v1")
    assert git.resolve(paths, APP, "v1") == first
    assert git.resolve(paths, APP, "main") == second
    assert git.resolve(paths, APP, first[:10]) == first
    assert git.branches(paths, APP) == {"main": second, "v1": first}
    with pytest.raises(NotFound, match="no branch or commit 'other'"):
        git.resolve(paths, APP, "other")


@pytest.mark.parametrize("hostile", ["", "--output=/tmp/x", "-h", "a\nb", "a\0b", "\x1b[31m"])
def test_what_cannot_be_a_revision_never_reaches_git(paths: Paths, hostile: str) -> None:
    with pytest.raises(UsageError):
        git.resolve(paths, APP, hostile)


@pytest.mark.parametrize("branch", ["main", "feature/x", "1.0", "ümlaut"])
def test_a_name_that_git_allows_is_a_branch(branch: str) -> None:
    assert git.check_branch(branch) == branch


@pytest.mark.parametrize("branch", ["", "a..b", "-x", "a b", "a\n", "x.lock", "@{", "a~1", "/"])
def test_a_name_that_git_does_not_allow_is_refused(branch: str) -> None:
    with pytest.raises(UsageError, match="is not a branch name"):
        git.check_branch(branch)


def test_the_files_of_a_commit_are_exported_whole(paths: Paths, repo: Path, clone: Clone) -> None:
    (clone.path / "link").symlink_to("/etc/passwd")
    clone.commit(".gitattributes", "left-out export-ignore\n*.txt text eol=crlf\n")
    clone.commit("left-out", "needed by the app")
    clone.commit("deep/er/file.txt", "one\ntwo\n")
    script = clone.path / "run"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    commit = clone.commit("größe", "ü")
    clone.git("push", "--quiet", str(repo), "main")
    tree = paths.run / "tree"
    tree.mkdir()
    before = os.umask(0o077)
    try:
        git.export(paths, APP, commit, tree)
    finally:
        os.umask(before)
    found = {str(path.relative_to(tree)): path for path in tree.rglob("*")}
    assert set(found) == {
        ".gitattributes", "left-out", "link", "deep", "deep/er", "deep/er/file.txt", "run", "größe",
    }  # fmt: skip
    assert found["link"].readlink() == Path("/etc/passwd")
    assert found["deep/er/file.txt"].read_bytes() == b"one\r\ntwo\r\n"
    assert stat.S_IMODE(found["run"].stat().st_mode) == 0o755
    assert stat.S_IMODE(found["größe"].stat().st_mode) == 0o644
    assert list(paths.run.iterdir()) == [tree]


def test_an_export_takes_that_commit_and_not_what_came_later(
    paths: Paths, repo: Path, clone: Clone
) -> None:
    first = clone.commit("f", "1")
    clone.git("mv", "f", "g")
    clone.commit("g", "2")
    clone.git("push", "--quiet", str(repo), "main")
    tree = paths.run / "tree"
    tree.mkdir()
    git.export(paths, APP, first, tree)
    assert {path.name: path.read_text() for path in tree.iterdir()} == {"f": "1"}


def test_an_export_of_nothing_that_exists_says_so(paths: Paths, repo: Path) -> None:
    tree = paths.run / "tree"
    tree.mkdir()
    with pytest.raises(DokkupyError, match="git read-tree failed"):
        git.export(paths, APP, "1" * 40, tree)


def test_a_push_goes_on_from_where_it_began_or_from_what_it_contains(
    paths: Paths, repo: Path, clone: Clone
) -> None:
    first = clone.commit("f", "1", message="first")
    second = clone.commit("f", "2", message="second")
    third = clone.commit("f", "3", message="third")
    clone.git("push", "--quiet", str(repo), "main:elsewhere")

    assert git.refuse_stale(paths, APP, MAIN, git.ABSENT, first) == git.ABSENT
    git.update_ref(paths, APP, MAIN, second, git.ABSENT)
    assert git.refuse_stale(paths, APP, MAIN, second, third) == second
    assert git.refuse_stale(paths, APP, MAIN, first, third) == second
    assert git.refuse_stale(paths, APP, MAIN, first, second) == second
    # By force, over what the person who pushes has seen.
    assert git.refuse_stale(paths, APP, MAIN, second, first) == second

    git.update_ref(paths, APP, MAIN, third, second)
    with pytest.raises(Refused, match=f"main has moved on to {third[:8]} third") as caught:
        git.refuse_stale(paths, APP, MAIN, second, first)
    assert "git pull" in caught.value.hint


def test_a_branch_that_has_been_deleted_meanwhile_is_not_made_again_by_surprise(
    paths: Paths, repo: Path, clone: Clone
) -> None:
    first = clone.commit("f", "1")
    second = clone.commit("f", "2")
    clone.git("push", "--quiet", str(repo), "main:elsewhere")
    with pytest.raises(Refused, match="has been deleted"):
        git.refuse_stale(paths, APP, MAIN, first, second)


def test_a_ref_moves_only_from_where_it_was_said_to_stand(
    paths: Paths, repo: Path, clone: Clone
) -> None:
    first = clone.commit("f", "1")
    second = clone.commit("f", "2")
    clone.git("push", "--quiet", str(repo), "main:elsewhere")
    git.update_ref(paths, APP, MAIN, first, git.ABSENT)
    assert git.current(paths, APP, MAIN) == first
    with pytest.raises(Refused):
        git.update_ref(paths, APP, MAIN, second, git.ABSENT)
    with pytest.raises(Refused):
        git.update_ref(paths, APP, MAIN, second, second)
    assert git.current(paths, APP, MAIN) == first


def test_a_commit_says_who_made_it_and_what_it_is(paths: Paths, repo: Path, clone: Clone) -> None:
    made = clone.commit("f", "1", message="Subject %x00 line\n\nBody")
    clone.git("push", "--quiet", str(repo), "main")
    commit = git.commit(paths, APP, made)
    assert (commit.id, commit.author, commit.subject) == (made, "Ann", "Subject %x00 line")
    assert str(commit) == f"{made[:8]} Subject %x00 line"


def test_no_shell_obeys_a_branch_that_is_to_be_taken_in(
    paths: Paths, repo: Path, clone: Clone
) -> None:
    hostile = "refs/heads/a;reboot"
    first, second = clone.commit("a", "1"), clone.commit("a", "2")
    clone.git("push", "--quiet", str(repo), f"{second}:{hostile}")
    clone.git("reset", "--quiet", "--hard", first)
    third = clone.commit("a", "3")
    clone.git("push", "--quiet", str(repo), f"{third}:{MAIN}")
    with pytest.raises(Refused) as caught:
        git.refuse_stale(paths, APP, hostile, first, third)
    assert caught.value.hint.endswith("git pull --rebase dokkupy 'a;reboot'")


def test_a_moved_repository_goes_only_when_all_of_it_has_arrived(
    paths: Paths, repo: Path, clone: Clone
) -> None:
    first = clone.commit("a", "1")
    clone.git("push", "--quiet", str(repo), f"{first}:{MAIN}", f"{first}:refs/heads/b/c")
    new = AppName("new")
    there = git.ensure_repo(paths, new)
    (there / "refs" / "heads" / "b").write_text(f"{'0' * 40}\n")
    with pytest.raises(StateError) as caught:
        git.move_repo(paths, APP, new)
    assert "b/c" in caught.value.detail
    assert git.current(paths, APP, MAIN) == first
    (there / "refs" / "heads" / "b").unlink()
    git.move_repo(paths, APP, new)
    assert git.current(paths, new, MAIN) == first
    assert git.current(paths, new, "refs/heads/b/c") == first
    assert not repo.exists()


def test_a_removed_repository_is_gone_and_may_be_so_already(paths: Paths) -> None:
    path = git.ensure_repo(paths, APP)
    git.remove_repo(paths, APP)
    git.remove_repo(paths, APP)
    assert not path.exists()


@settings(max_examples=25, deadline=None)
@given(text=st.text(max_size=20))
@example(text="../../etc")
def test_no_text_makes_git_fail_in_an_unforeseen_way(text: str) -> None:
    try:
        git.check_branch(text)
    except UsageError:
        return
    assert "\n" not in text
