"""Where the machine gets its Node packages from, as far as an image can use it too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from dokkupy_stack.apt_settings import has_password

NPMRC: Final = "/etc/npmrc"
URLS: Final = ("registry", "proxy", "https-proxy")
WORDS: Final = ("noproxy", "strict-ssl")
_PREFIX: Final = "npm_config_"


def config_files(environ: Mapping[str, str]) -> list[Path]:
    """Return npm's configuration files, the weakest first (npm's page "npmrc")."""
    home = Path(environ.get("HOME", "/"))
    return [Path("/usr/etc/npmrc"), Path("/usr/local/etc/npmrc"), Path(NPMRC), home / ".npmrc"]


def read_settings(files: Iterable[Path], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that hold in an image too: option -> value.

    Left out: tokens, files of this machine, and URLs with a password in them.
    """
    found: dict[str, str] = {}
    for file in files:
        if file.is_file():
            found.update(_parsed(file.read_text(encoding="utf-8", errors="replace")))
    for key, value in environ.items():
        if key.lower().startswith(_PREFIX) and value:
            found[key.lower().removeprefix(_PREFIX).replace("_", "-")] = value
    kept: dict[str, str] = {}
    kept |= {key: found[key] for key in WORDS if key in found and found[key].isprintable()}
    kept |= {key: found[key] for key in URLS if _usable(found.get(key, ""))}
    return kept


def render(settings: Mapping[str, str], *, bundle: str) -> str:
    """Return the `npmrc` of an image whose certificates are in `bundle`."""
    fixed = {"cafile": bundle, "update-notifier": "false", "fund": "false", "audit": "false"}
    return "".join(f"{key}={value}\n" for key, value in sorted({**settings, **fixed}.items()))


def _parsed(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if line.strip()[:1] not in "#;")
    return {key.strip(): value.strip().strip("\"'") for key, equals, value in pairs if equals}


def _usable(url: str) -> bool:
    return url.startswith(("http://", "https://")) and not has_password(url) and url.isprintable()
