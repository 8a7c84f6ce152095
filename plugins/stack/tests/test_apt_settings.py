from __future__ import annotations

from pathlib import Path

import pytest

from dokkupy_stack.apt_settings import AptSource, parse_deb822, read_sources, select_options

DISTRIBUTION = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
"""


def machine(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "etc/apt/sources.list.d"
    folder.mkdir(parents=True)
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        (folder / f"{stem}.{ending}").write_text(text)
    return tmp_path


def test_the_distributions_own_suites_are_taken_and_no_others(tmp_path: Path) -> None:
    root = machine(tmp_path, debian_sources=DISTRIBUTION)
    first, second = read_sources(root, "bookworm")
    assert first == AptSource(
        uris=("http://mirror.example/debian",),
        suites=("bookworm", "bookworm-updates"),
        components=("main", "contrib"),
        signed_by="/usr/share/keyrings/archive.gpg",
    )
    assert second.suites == ("bookworm-security",)


def test_a_key_block_survives_the_way_through_a_stanza(tmp_path: Path) -> None:
    (source,) = (s for s in parse_deb822(DISTRIBUTION) if "bookworm-security" in s.suites)
    assert "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n" in source.stanza()
    assert list(parse_deb822(source.stanza())) == [source]
    assert source.keys == ()


def test_one_line_sources_are_understood_with_their_options(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        old_list=(
            "deb-src http://mirror.example/debian bookworm main\n"
            "deb [arch=amd64 signed-by=/k.gpg trusted=yes] http://mirror.example/debian bookworm"
            " main contrib # why\n"
        ),
    )
    (source,) = read_sources(root, "bookworm")
    assert source.stanza() == (
        "Types: deb\n"
        "URIs: http://mirror.example/debian\n"
        "Suites: bookworm\n"
        "Components: main contrib\n"
        "Signed-By: /k.gpg\n"
        "Trusted: yes\n"
    )
    assert source.keys == (Path("/k.gpg"),)


@pytest.mark.parametrize(
    "line",
    [
        "deb http://vendor.example/apt bookworm stable",
        "deb http://vendor.example/apt bookworm-vendor main",
        "deb http://vendor.example/apt trixie main",
        "deb file:/srv/mirror bookworm main",
        "deb http://user:secret@mirror.example/debian bookworm main",
        "# deb http://mirror.example/debian bookworm main",
    ],
)
def test_what_belongs_to_others_or_to_this_machine_alone_stays_out(
    tmp_path: Path, line: str
) -> None:
    assert read_sources(machine(tmp_path, some_list=line + "\n"), "bookworm") == []


def test_a_disabled_source_stays_out(tmp_path: Path) -> None:
    root = machine(tmp_path, debian_sources="Enabled: no\n" + DISTRIBUTION.partition("\n\n")[0])
    assert read_sources(root, "bookworm") == []


def test_a_list_of_mirrors_is_replaced_by_what_it_lists(tmp_path: Path) -> None:
    root = machine(tmp_path, a_list="deb mirror+file:/etc/apt/mirrors.txt bookworm main\n")
    (root / "etc/apt/mirrors.txt").write_text("# ours\nhttp://one.example/debian\tpriority:1\n")
    (source,) = read_sources(root, "bookworm")
    assert source.uris == ("http://one.example/debian",)


def test_the_way_to_the_mirrors_is_kept_and_what_is_local_or_secret_is_not() -> None:
    dump = [
        'Acquire::http::Proxy "http://proxy.example:3128";',
        'Acquire::http::Proxy::mirror.example "DIRECT";',
        'Acquire::https::mirror.example::Proxy "http://proxy.example:3128";',
        'Acquire::https::Proxy "http://user:secret@proxy.example:3128";',
        'Acquire::http::Proxy-Auto-Detect "/usr/local/bin/detect";',
        'Acquire::https::CAInfo "/etc/ssl/private.pem";',
        'Acquire::Check-Valid-Until "false";',
        'APT::Architecture "amd64";',
    ]
    assert select_options(dump) == [dump[0], dump[2], dump[6]]
