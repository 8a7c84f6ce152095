from __future__ import annotations

from pathlib import Path

from dokkupy_stack.certificates import DIRECTORY, read_certificates

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def test_private_cas_are_taken_and_keys_and_other_files_are_not(tmp_path: Path) -> None:
    folder = tmp_path / DIRECTORY / "company"
    folder.mkdir(parents=True)
    (folder / "ours.crt").write_text(PEM)
    (folder / "notes.txt").write_text(PEM)
    (folder / "empty.crt").write_text("")
    (folder / "both.crt").write_text(PEM + "-----BEGIN PRIVATE KEY-----\nMIIE\n")
    assert read_certificates(tmp_path) == {"ours.crt": PEM}


def test_a_machine_without_private_cas_has_none(tmp_path: Path) -> None:
    assert read_certificates(tmp_path) == {}
