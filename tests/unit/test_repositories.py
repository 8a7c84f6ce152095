"""How other people's repositories may be named, and what is kept from git when they are asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy import git, repositories
from dokkupy.errors import BuildFailed, NotFound, Refused, UsageError
from dokkupy.repositories import RepositoryUrl
from dokkupy.submodule_cache import SubmoduleCache
from dokkupy.submodules import Place, Submodules


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/shop.git",
        "https://example.com:8443/a/b",
        "ssh://git@example.com:2222/shop.git",
        "ssh://example.com/~ann/shop",
        "git@example.com:team/shop.git",
        "example.com:shop",
        "/srv/git/shop.git",
    ],
)
def test_https_ssh_and_folders_are_repositories(text: str) -> None:
    assert RepositoryUrl.parse(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://example.com/shop.git",
        "git://example.com/shop.git",
        "file:///srv/git/shop.git",
        "ftp://example.com/shop.git",
        "ext::sh -c 'touch /tmp/x'",
        "ext::sh%20-c%20x",
        "fd::3",
        "--upload-pack=touch",
        "-oProxyCommand=x",
        "ssh://-oProxyCommand=x/shop",
        "ssh://git@-oProxyCommand=x/shop",
        "-oProxyCommand=x:shop",
        "git@-oProxyCommand=x:shop",
        "git@example.com:-x",
        "https://ann:secret@example.com/shop.git",
        "https://token@example.com/shop.git",
        "ssh://ann:secret@example.com/shop.git",
        "https://example.com/a b",
        "https://example.com/\nx",
        "https://example.com/café",
        "https://example.com",
        "../shop",
        "shop",
        "/srv/\nx",
        "https://example.com/" + "a" * 2000,
    ],
)
def test_every_other_way_to_name_one_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        RepositoryUrl.parse(text)
    assert "secret" not in caught.value.message
    assert caught.value.hint


@given(st.text(max_size=60))
def test_nothing_that_is_taken_is_an_option_or_another_transport(text: str) -> None:
    try:
        url = RepositoryUrl.parse(text)
    except UsageError:
        return
    assert not url.startswith("-")
    assert "::" not in url.partition("/")[0]
    assert url.startswith(("https://", "ssh://", "/")) or "://" not in url.partition("/")[0]


@pytest.mark.parametrize(
    ("base", "relative", "expected"),
    [
        ("https://example.com/a/b.git", "../c.git", "https://example.com/a/c.git"),
        ("https://example.com/a/b.git/", "../../c", "https://example.com/c"),
        ("https://example.com/a/b", "./c", "https://example.com/a/b/c"),
        ("git@example.com:a/b.git", "../c.git", "git@example.com:a/c.git"),
        ("git@example.com:a/b.git", "../../c.git", "git@example.com:c.git"),
        ("ssh://git@example.com:22/a/b", "../c", "ssh://git@example.com:22/a/c"),
    ],
)
def test_a_relative_url_is_beside_the_repository(base: str, relative: str, expected: str) -> None:
    assert RepositoryUrl.parse(base).beside(relative) == expected


@pytest.mark.parametrize("relative", ["../../../x", "../a/../../../b", "../../../../etc/passwd"])
def test_a_relative_url_that_leads_beyond_the_host_is_refused(relative: str) -> None:
    with pytest.raises(UsageError):
        RepositoryUrl.parse("https://example.com/a/b.git").beside(relative)


class World:
    """A repository that has things, and one that fetches."""

    def __init__(self, folder: Path) -> None:
        self.theirs = folder / "theirs"
        self.ours = git.make_bare(folder / "ours.git")
        self.ask("init", "--quiet", "--initial-branch=trunk", str(self.theirs))

    def ask(self, *words: str) -> str:
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@localhost")
        place = ("-C", str(self.theirs)) if self.theirs.exists() else ()
        done = subprocess.run(
            ["git", *place, *who, *words], check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout.strip()

    def commit(self, **files: str) -> str:
        for name, text in files.items():
            (self.theirs / name).write_text(text)
        self.ask("add", "--all")
        self.ask("commit", "--quiet", "--allow-empty", "--message", "x")
        return self.ask("rev-parse", "HEAD")

    def tag(self, name: str) -> None:
        self.ask("tag", "--annotate", "--message", "x", name)

    @property
    def url(self) -> RepositoryUrl:
        return RepositoryUrl.parse(str(self.theirs))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_branch_a_tag_a_commit_and_the_default_branch_are_found(world: World) -> None:
    first = world.commit(a="1")
    world.tag("v1")
    second = world.commit(a="2")
    found = [repositories.look(world.ours, world.url, name) for name in (None, "trunk", "v1")]
    assert [one.branch for one in found] == ["trunk", "trunk", ""]
    fetched = [repositories.fetch(world.ours, world.url, one.source, "refs/x") for one in found]
    assert fetched == [second, second, first]
    assert repositories.look(world.ours, world.url, first).source == first
    for name in ("none", "HEAD~1", "refs/heads/trunk"):
        with pytest.raises(NotFound):
            repositories.look(world.ours, world.url, name)


def test_a_repository_that_is_not_there_is_refused_with_git_s_own_words(
    world: World, tmp_path: Path
) -> None:
    with pytest.raises(Refused) as caught:
        repositories.look(world.ours, RepositoryUrl.parse(str(tmp_path / "none")), None)
    assert "none" in caught.value.message
    assert "does not appear to be a git repository" in caught.value.detail


def test_a_fetch_that_writes_too_much_is_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.commit(a=os.urandom(200_000).hex())
    monkeypatch.setattr(repositories, "LARGEST", 20_000)
    with pytest.raises(Refused) as caught:
        repositories.fetch(world.ours, world.url, "refs/heads/trunk", "refs/x")
    assert not (world.ours / "refs" / "x").exists()
    assert "larger than" in caught.value.detail


def test_a_fetch_that_takes_too_long_is_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.commit(a="1")
    monkeypatch.setattr(repositories, "FETCH_SECONDS", 0.0)
    with pytest.raises(Refused) as caught:
        repositories.fetch(world.ours, world.url, "refs/heads/trunk", "refs/x")
    assert "longer than 0 s" in caught.value.detail


def exported(world: World, folder: Path) -> None:
    """Export the newest commit of `theirs` with its submodules."""
    revision = repositories.fetch(world.ours, world.url, "refs/heads/trunk", "refs/x")
    tree = folder / "tree"
    tree.mkdir()
    git.checkout(world.ours, revision, tree, folder / "index")
    place = Place(repository=world.ours, revision=revision, tree=tree)
    Submodules(SubmoduleCache(folder / "cache"), folder, lambda _: None).export(place)


def test_a_source_without_submodules_needs_nothing(world: World, tmp_path: Path) -> None:
    world.commit(a="1")
    exported(world, tmp_path)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("", "has no URL in .gitmodules"),
        ('[submodule "x"]\n\tpath = lib\n', "has no URL in .gitmodules"),
        ('[submodule "x"]\n\tpath = elsewhere\n\turl = https://h/x\n', "has no URL"),
        ('[submodule "x"]\n\tpath = lib\n\turl = /etc\n', "a folder, which no other machine has"),
        ('[submodule "x"\n', "cannot be read"),
    ],
)
def test_a_submodule_that_says_nonsense_of_itself_is_refused(
    world: World, tmp_path: Path, settings: str, said: str
) -> None:
    made = world.commit(**{".gitmodules": settings})
    world.ask("update-index", "--add", "--cacheinfo", f"160000,{made},lib")
    world.ask("commit", "--quiet", "--message", "with a submodule")
    with pytest.raises(BuildFailed) as caught:
        exported(world, tmp_path)
    assert said in caught.value.message
    assert caught.value.hint
    assert git.MODULES_FILE in caught.value.message or "'lib'" in caught.value.message


@pytest.mark.parametrize("url", ["", "\turl = /etc\n"])
def test_no_shell_obeys_a_submodule_whose_mending_is_typed(
    world: World, tmp_path: Path, url: str
) -> None:
    settings = f'[submodule "x"]\n\tpath = "a;reboot"\n{url}'
    made = world.commit(**{".gitmodules": settings})
    world.ask("update-index", "--add", "--cacheinfo", f"160000,{made},a;reboot")
    world.ask("commit", "--quiet", "--message", "with a submodule")
    with pytest.raises(BuildFailed) as caught:
        exported(world, tmp_path)
    assert "'a;reboot'" in caught.value.hint
