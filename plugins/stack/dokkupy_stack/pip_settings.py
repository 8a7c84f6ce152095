"""Where the machine gets its Python packages from, as far as an image can use it too."""

from __future__ import annotations

import configparser
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from dokkupy_stack.apt_settings import has_password

URLS: Final = ("index-url", "extra-index-url", "proxy")
WORDS: Final = ("trusted-host",)


def config_files(environ: Mapping[str, str]) -> list[Path]:
    """Return pip's configuration files, the weakest first (pip's "Configuration" page)."""
    home = Path(environ.get("HOME", "/"))
    named = environ.get("PIP_CONFIG_FILE")
    files = [
        Path("/etc/xdg/pip/pip.conf"),
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf",
    ]
    return [*files, Path(named)] if named else files


def read_settings(files: Iterable[Path], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that hold in an image too: option -> value.

    Left out: directories and `file:` indexes of this machine, and URLs with a password in them,
    which would end up in an image's layers.
    """
    found: dict[str, str] = {}
    for file in files:
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                found.update({_option(key): value for key, value in parser.items(section)})
    prefix = "PIP_"
    variables = {key: value for key, value in environ.items() if key.startswith(prefix) and value}
    found.update({_option(key.removeprefix(prefix)): value for key, value in variables.items()})
    kept = {key: " ".join(found[key].split()) for key in WORDS if found.get(key)}
    for key in URLS:
        urls = " ".join(url for url in found.get(key, "").split() if _usable(url))
        if urls:
            kept[key] = urls
    return kept


def _option(key: str) -> str:
    return key.lower().replace("_", "-")


def _usable(url: str) -> bool:
    return url.startswith(("http://", "https://")) and not has_password(url)


def render(settings: Mapping[str, str], *, bundle: str) -> str:
    """Return the `pip.conf` of an image whose certificates are in `bundle`."""
    fixed = {"cert": bundle, "disable-pip-version-check": "true", "no-cache-dir": "true"}
    lines = [f"{key} = {value}" for key, value in sorted({**settings, **fixed}.items())]
    return "\n".join(["[global]", *lines, ""])


def render_uv(settings: Mapping[str, str]) -> str:
    """Return the `uv.toml` that says the same to uv, which reads no `pip.conf`."""
    # The index that counts last in pip's eyes is uv's default; the others come before it.
    indexes = [(url, False) for url in settings.get("extra-index-url", "").split()]
    indexes += [(url, True) for url in settings.get("index-url", "").split()[:1]]
    hosts = ", ".join(_quoted(host) for host in settings.get("trusted-host", "").split())
    lines = [f"allow-insecure-host = [{hosts}]"] if hosts else []
    for url, default in indexes:
        lines += [
            "",
            "[[index]]",
            f"url = {_quoted(url)}",
            *(["default = true"] if default else []),
        ]
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    return json.dumps(text)
