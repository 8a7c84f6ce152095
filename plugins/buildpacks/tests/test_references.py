from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy.errors import UsageError
from dokkupy_buildpacks.references import Buildpack, BuildpackList


@pytest.mark.parametrize(
    ("text", "kind", "where", "ref"),
    [
        ("python", "bundled", "python", ""),
        ("heroku/nodejs", "bundled", "node", ""),
        ("https://forge.example/pack.git", "git", "https://forge.example/pack.git", ""),
        ("https://forge.example/pack#v1.2", "git", "https://forge.example/pack", "v1.2"),
        ("https://forge.example/pack#feat/x", "git", "https://forge.example/pack", "feat/x"),
        ("ssh://git@forge.example:2222/a/b", "git", "ssh://git@forge.example:2222/a/b", ""),
        ("git@forge.example:a/b.git#main", "git", "git@forge.example:a/b.git", "main"),
        ("https://forge.example/pack.tgz", "archive", "https://forge.example/pack.tgz", ""),
        ("https://forge.example/p.zip", "archive", "https://forge.example/p.zip", ""),
        ("/srv/packs/own", "folder", "/srv/packs/own", ""),
    ],
)
def test_a_buildpack_is_told_by_its_name(text: str, kind: str, where: str, ref: str) -> None:
    place = Buildpack.parse(text).place()
    assert (place.kind, place.where, place.ref) == (kind, where, ref)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ruby",
        "./pack",
        "file:///srv/pack",
        "http://forge.example/pack.git",
        "git://forge.example/pack.git",
        "https://me:word@forge.example/pack",
        "ext::sh -c id",
        "--upload-pack=id",
        "-oProxyCommand=id@host:path",
        "https://forge.example/pack#--upload-pack=id",
        "https://forge.example/pack#a..b",
        "https://forge.example/pack#",
        "https://forge.example/a b",
        "ftp://forge.example/pack.tgz",
        "git@-oProxyCommand=id:path",
        "https://forge.example/\x1b[2J",
    ],
)
def test_what_names_no_buildpack_is_refused_with_what_does(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Buildpack.parse(text)
    assert "https://HOST/" in caught.value.hint


@given(st.text())
def test_any_text_either_names_a_buildpack_or_is_refused(text: str) -> None:
    try:
        pack = Buildpack.parse(text)
    except UsageError:
        return
    place = pack.place()
    assert not place.where.startswith("-")
    assert not place.ref.startswith("-")


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        Buildpack.parse("https://me:word@forge.example/p")
    assert "word" not in caught.value.message


def test_a_list_keeps_its_order() -> None:
    assert BuildpackList.parse(" node  python ").packs == ["node", "python"]
    assert BuildpackList.parse("").packs == []
    with pytest.raises(UsageError):
        BuildpackList.parse("node ruby")
