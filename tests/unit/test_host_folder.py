"""The root folder of a server, and what everybody must be able to reach."""

from __future__ import annotations

import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy.host.account import Account
from dokkupy.host.command import CommandPart
from dokkupy.host.finding import Finding, Verdict
from dokkupy.host.folder import FolderPart, give, strays
from dokkupy.host.low_ports import hides_processes
from dokkupy.host.reach import barrier, shut
from dokkupy.host.wanted import UserName, Wanted

ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
NOBODY = pwd.getpwnam("nobody")


def wanted(root: Path) -> Wanted:
    return Wanted(
        user=UserName("nobody"), root=root, domain="localhost", http_port=80, https_port=443
    )


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """Give a folder that nobody is shut out of, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def look(root: Path) -> list[Finding]:
    return list(FolderPart(wanted(root)).look())


@pytest.mark.parametrize(
    "root", ["/var/lib/a b", "/", "/var/lib/a:b", "/var/lib/%h", "/var/lib/x*", "/var/lib/a\nb"]
)
def test_paths_that_mean_something_else_to_somebody_are_refused(root: str) -> None:
    (finding,) = look(Path(root))
    assert finding.verdict is Verdict.BLOCKED
    assert "is no plain path" in finding.message


def test_a_path_through_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    (finding,) = look(tmp_path / "link" / "root")
    assert finding.verdict is Verdict.BLOCKED


def test_a_folder_with_anything_but_a_root_is_not_taken(open_to_all: Path) -> None:
    root = open_to_all / "etc"
    root.mkdir()
    (root / "passwd").touch()
    (finding,) = look(root)
    assert finding.verdict is Verdict.BLOCKED
    assert "is no dokkupy root" in finding.message


def test_a_file_is_not_taken(open_to_all: Path) -> None:
    (open_to_all / "root").touch()
    (finding,) = look(open_to_all / "root")
    assert finding.verdict is Verdict.BLOCKED


@ONLY_ROOT
def test_folders_above_a_new_root_can_be_entered_whatever_the_umask(open_to_all: Path) -> None:
    root = open_to_all / "a" / "b" / "root"
    before = os.umask(0o077)
    try:
        FolderPart(wanted(root)).make()
    finally:
        os.umask(before)
    assert shut(root) is None
    assert (root.parent.stat().st_uid, root.stat().st_uid) == (0, NOBODY.pw_uid)


@ONLY_ROOT
def test_a_root_of_roots_is_given_whole_and_links_are_not_followed(open_to_all: Path) -> None:
    root = open_to_all / "root"
    (root / "git" / "objects").mkdir(parents=True)
    (root / "state.db").touch()
    foreign = open_to_all / "foreign"
    foreign.touch()
    (root / "link").symlink_to(foreign)
    (root / "hard").hardlink_to(foreign)
    assert [finding.verdict for finding in look(root)] == [Verdict.TO_DO]
    give(root, NOBODY.pw_uid, NOBODY.pw_gid)
    assert list(strays(root, NOBODY.pw_uid)) == []
    owners = {path.name: path.lstat().st_uid for path in (root, *root.rglob("*"))}
    assert owners.pop("hard") == 0
    assert set(owners.values()) == {NOBODY.pw_uid}
    assert foreign.stat().st_uid == 0
    assert [finding.verdict for finding in look(root)] == [Verdict.DONE]


@ONLY_ROOT
def test_a_root_that_others_may_write_to_is_mended(open_to_all: Path) -> None:
    root = open_to_all / "root"
    root.mkdir()
    os.chown(root, NOBODY.pw_uid, NOBODY.pw_gid)
    root.chmod(0o775)
    (finding,) = look(root)
    assert (finding.verdict, finding.command) == (Verdict.TO_DO, f"chmod go-w {root}")
    FolderPart(wanted(root)).make()
    assert root.stat().st_mode & 0o777 == 0o755


def test_only_the_folder_of_its_own_user_is_removed(tmp_path: Path) -> None:
    assert Account.at("nobody", tmp_path) is None
    assert list(FolderPart(wanted(tmp_path), with_data=True).unmake()) == []
    assert tmp_path.is_dir()


def test_a_folder_that_others_may_not_enter_is_found_on_every_way(open_to_all: Path) -> None:
    closed = open_to_all / "closed"
    closed.mkdir()
    inside = closed / "python"
    inside.touch()
    inside.chmod(0o755)
    link = open_to_all / "link"
    link.symlink_to(inside)
    closed.chmod(0o711)
    assert barrier(link) is None
    closed.chmod(0o700)
    assert barrier(inside) == closed
    assert barrier(link) == closed
    assert shut(closed) == closed
    closed.chmod(0o711)
    inside.chmod(0o700)
    assert barrier(link) == link


def test_the_command_is_made_where_nothing_is(tmp_path: Path) -> None:
    link = tmp_path / "bin" / "dokkupy"
    part = CommandPart(wanted(tmp_path), link)
    if next(part.look()).verdict is Verdict.NOTICE:
        pytest.skip("this dokkupy was installed without its command")
    assert [finding.verdict for finding in part.look()] == [Verdict.TO_DO]
    part.make()
    assert [finding.verdict for finding in part.look()] == [Verdict.DONE]
    assert list(part.unmake()) == [f"Removing {link}"]
    link.symlink_to("/somebody/elses")
    assert [finding.verdict for finding in part.look()] == [Verdict.NOTICE]
    assert list(part.unmake()) == []
    assert link.is_symlink()


@pytest.mark.parametrize(
    ("options", "hidden"),
    [
        ("rw,nosuid", False),
        ("rw,hidepid=2", True),
        ("rw,hidepid=invisible,gid=4", True),
        ("rw,hidepid=0", False),
        ("rw,hidepid=off", False),
    ],
)
def test_a_proc_that_hides_processes_is_known(tmp_path: Path, options: str, hidden: bool) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nproc /proc proc {options} 0 0\n")
    assert hides_processes(mounts) is hidden
