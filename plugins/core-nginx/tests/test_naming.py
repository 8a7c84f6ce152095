from __future__ import annotations

from dokkupy_core_nginx.naming import app_file, owner, snippet_file


def test_a_name_changes_with_the_text_alone() -> None:
    assert app_file("one", "a") == app_file("one", "a")
    assert app_file("one", "a") != app_file("one", "b")


def test_a_name_tells_whose_part_it_is() -> None:
    assert owner(app_file("one-2", "text")) == ("one-2", "")
    assert owner(snippet_file("one-2", "my.plugin-x", "text")) == ("one-2", "my.plugin-x")


def test_a_plugins_name_cannot_leave_its_folder() -> None:
    path = snippet_file("one", "../../a b;\n", "text")
    assert path.count("/") == 1
    assert path.startswith("snippets/one..._.._a_b__.")


def test_other_files_are_nobodys() -> None:
    for path in (
        "12.conf",
        "apps/one.conf",
        "snippets/one.x.conf",
        "apps/a/b.0123456789abcdef.conf",
    ):
        assert owner(path) == ("", "")
