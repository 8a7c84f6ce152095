from __future__ import annotations

from pathlib import Path

from dokkupy_stack.pip_settings import config_files, read_settings, render, render_uv


def test_the_environment_wins_over_files_and_later_files_over_earlier_ones(tmp_path: Path) -> None:
    weak, strong = tmp_path / "weak.conf", tmp_path / "strong.conf"
    weak.write_text("[global]\nindex-url = https://a.example/simple\ntrusted_host = a.example\n")
    strong.write_text("[install]\nindex-url = https://b.example/simple\n")
    environ = {"PIP_EXTRA_INDEX_URL": "https://c.example/simple"}
    assert read_settings([weak, strong, tmp_path / "none"], environ) == {
        "trusted-host": "a.example",
        "index-url": "https://b.example/simple",
        "extra-index-url": "https://c.example/simple",
    }


def test_passwords_and_folders_of_this_machine_stay_out(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\n"
        "index-url = https://user:secret@a.example/simple\n"
        "extra-index-url =\n    file:///srv/simple\n    https://b.example/simple\n"
        "find-links = /srv/wheels\n"
        "cert = /etc/ssl/mine.pem\n"
    )
    assert read_settings([file], {}) == {"extra-index-url": "https://b.example/simple"}


def test_a_file_that_is_no_configuration_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    file.write_bytes(b"\xff not = [a config")
    assert read_settings([file], {"PIP_INDEX_URL": "https://a.example"}) == {
        "index-url": "https://a.example"
    }


def test_a_named_configuration_file_is_the_strongest() -> None:
    files = config_files({"HOME": "/home/a", "PIP_CONFIG_FILE": "/x/pip.conf"})
    assert files[-1] == Path("/x/pip.conf")
    assert Path("/home/a/.config/pip/pip.conf") in files


def test_an_image_trusts_the_bundle_that_holds_the_machines_certificates() -> None:
    assert render({"index-url": "https://a.example/simple"}, bundle="/b.crt") == (
        "[global]\n"
        "cert = /b.crt\n"
        "disable-pip-version-check = true\n"
        "index-url = https://a.example/simple\n"
        "no-cache-dir = true\n"
    )


def test_uv_is_told_the_same_indexes_with_pips_own_last() -> None:
    text = render_uv(
        {
            "index-url": "https://a.example/simple",
            "extra-index-url": "https://b.example/simple",
            "trusted-host": "a.example",
        }
    )
    assert text.splitlines() == [
        'allow-insecure-host = ["a.example"]',
        "",
        "[[index]]",
        'url = "https://b.example/simple"',
        "",
        "[[index]]",
        'url = "https://a.example/simple"',
        "default = true",
    ]
