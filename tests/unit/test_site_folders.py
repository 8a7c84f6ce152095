from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from dokkupy.errors import BuildFailed, EngineError
from dokkupy.names import AppName
from dokkupy.sites import folders
from dokkupy.sites.folders import LINGER, PREFIX, SiteFolders

APP = AppName("blog")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "sites"


@pytest.fixture
def sites(home: Path) -> SiteFolders:
    return SiteFolders(home)


def archive(*files: str, **odd: bytes) -> io.BytesIO:
    """Return an archive of files with their names as content, and members of odd types."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in files:
            member = tarfile.TarInfo(name)
            member.size = len(name)
            tar.addfile(member, io.BytesIO(name.encode()))
        for name, kind in odd.items():
            member = tarfile.TarInfo(f"site/{name}")
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member)
    buffer.seek(0)
    return buffer


def laid_out(sites: SiteFolders, *more: str, release: int = 1) -> str:
    return sites.lay_out(APP, release, archive("site/index.html", *more), "site")


def test_a_site_is_laid_out_whole_without_what_is_hidden(sites: SiteFolders, home: Path) -> None:
    reference = laid_out(
        sites, "site/a/b.txt", "site/.env", "site/.git/x", "site/.well-known/acme", "site/a/.b/c"
    )
    folder = home / reference.removeprefix(PREFIX)
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {"index.html", "a/b.txt", ".well-known/acme"}
    assert sites.is_whole(reference)
    assert sites.placed_at(reference) > 0


@pytest.mark.parametrize("name", ["site/../x", "../x", "/etc/x", "other/x", "site/a/../../x"])
def test_what_leads_out_is_refused(sites: SiteFolders, home: Path, name: str) -> None:
    with pytest.raises(BuildFailed, match="outside"):
        laid_out(sites, name)
    assert not (home.parent / "x").exists()


def test_two_names_of_a_file_are_two_files(
    sites: SiteFolders, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def linked(name: str, to: str) -> io.BytesIO:
        buffer = archive("site/index.html")
        with tarfile.open(fileobj=buffer, mode="a") as tar:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.LNKTYPE, to
            tar.addfile(member)
        buffer.seek(0)
        return buffer

    reference = sites.lay_out(APP, 1, linked("site/b.html", "site/index.html"), "site")
    folder = home / reference.removeprefix(PREFIX)
    assert (folder / "b.html").read_text() == (folder / "index.html").read_text()
    assert sites.is_whole(reference)
    for to in ("/etc/passwd", "site/gone", "../site/index.html"):
        with pytest.raises(BuildFailed, match="cannot be read"):
            sites.lay_out(APP, 2, linked("site/b.html", to), "site")
    monkeypatch.setattr(folders, "MOST_BYTES", len("site/index.html"))
    with pytest.raises(BuildFailed, match="more than"):
        sites.lay_out(APP, 3, linked("site/b.html", "site/index.html"), "site")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_what_is_no_file_is_refused(sites: SiteFolders, kind: bytes) -> None:
    with pytest.raises(BuildFailed, match="neither a file nor a folder"):
        sites.lay_out(APP, 1, archive("site/index.html", link=kind), "site")


def test_a_site_without_an_index_is_refused(sites: SiteFolders) -> None:
    with pytest.raises(BuildFailed, match=r"no index\.html"):
        sites.lay_out(APP, 1, archive("site/about.html"), "site")


def test_half_an_archive_is_refused(sites: SiteFolders) -> None:
    half = io.BytesIO(archive("site/index.html", "site/" + "a" * 90).getvalue()[:1600])
    with pytest.raises(EngineError):
        sites.lay_out(APP, 1, half, "site")


def test_times_tell_contents_apart_and_nothing_else(sites: SiteFolders, home: Path) -> None:
    one, two = laid_out(sites, "site/a"), laid_out(sites, "site/a", release=2)
    times = [
        {path.name: path.stat().st_mtime for path in (home / ref.removeprefix(PREFIX)).iterdir()}
        for ref in (one, two)
    ]
    assert times[0] == times[1]
    assert times[0]["a"] != times[0]["index.html"]


def test_what_a_power_cut_has_taken_is_noticed(sites: SiteFolders, home: Path) -> None:
    reference = laid_out(sites, "site/a")
    (home / reference.removeprefix(PREFIX) / "a").write_text("")
    assert not sites.is_whole(reference)


def test_a_retired_site_stays_until_no_request_can_be_on_its_way(
    sites: SiteFolders, home: Path
) -> None:
    reference, other = laid_out(sites), laid_out(sites, release=2)
    sites.retire(reference)
    sites.sweep()
    assert sites.placed_at(reference)
    assert sites.references(APP, retired=False) == [other]
    assert sites.references(APP, retired=True) == sorted([reference, other])
    mark = home / f"{reference.removeprefix(PREFIX)}.retired"
    past = mark.stat().st_mtime - LINGER - 1
    os.utime(mark, (past, past))
    sites.sweep()
    assert not sites.placed_at(reference)
    assert {path.name.partition(".")[0] for path in home.iterdir()} == {other.removeprefix(PREFIX)}


def test_a_removed_site_leaves_nothing_and_a_missing_one_is_fine(
    sites: SiteFolders, home: Path
) -> None:
    reference = laid_out(sites)
    sites.retire(reference)
    sites.remove(reference)
    sites.remove(reference)
    sites.retire(reference)
    assert list(home.iterdir()) == []
    assert not sites.is_whole(reference)


def test_an_app_s_sites_are_not_those_of_one_with_a_longer_name(sites: SiteFolders) -> None:
    mine = laid_out(sites)
    sites.lay_out(AppName("blog-2"), 1, archive("site/index.html"), "site")
    assert sites.references(APP, retired=True) == [mine]


def test_a_bomb_is_refused(sites: SiteFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_FILES", 2)
    with pytest.raises(BuildFailed, match="more than 2 files"):
        laid_out(sites, "site/a", "site/b")
