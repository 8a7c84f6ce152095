"""Where the machine gets its Debian packages from, as far as an image can use it too."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dokkupy.errors import Refused

OPTIONS: Final = re.compile(
    r"(Acquire::(?:https?::(?:.+::)?(?:Proxy|Timeout|Pipeline-Depth|No-Cache)"
    r"|Check-Valid-Until|Check-Date|Retries|ForceIPv4|ForceIPv6)) "
    r'"((?!/)[^"\n]+)";'
)
"""Settings of apt that are about the way to the mirrors; values that are paths stay here."""

POCKETS: Final = ("", "-updates", "-security")


@dataclass(frozen=True, slots=True, kw_only=True)
class AptSource:
    """Some suites of some mirrors, as one stanza of a `.sources` file (deb822)."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""
    """Paths, fingerprints, or a key block; empty for apt's own trusted keys."""
    trusted: bool = False

    @property
    def keys(self) -> tuple[Path, ...]:
        """The key files that `signed_by` points at."""
        words = re.split(r"[\s,]+", self.signed_by)
        return tuple(Path(word) for word in words if word.startswith("/"))

    def stanza(self) -> str:
        """Return the text for a `.sources` file."""
        fields = {
            "Types": "deb",
            "URIs": " ".join(self.uris),
            "Suites": " ".join(self.suites),
            "Components": " ".join(self.components),
            "Signed-By": self.signed_by,
            "Trusted": "yes" if self.trusted else "",
        }
        # A key block starts on the next line.
        return "".join(
            f"{key}:{text}\n" if text.startswith("\n") else f"{key}: {text}\n"
            for key, text in fields.items()
            if text
        )


def has_password(url: str) -> bool:
    """Say whether a URL carries a user or a password."""
    return "@" in urlsplit(url).netloc


def read_sources(root: Path, codename: str) -> list[AptSource]:
    """Return the sources of `root` that offer the release `codename` of the distribution itself.

    Third-party sources are left out (their suites or components differ), and so is what only
    this machine can reach or what would put a password into an image.
    """
    found: list[AptSource] = []
    for source in _every_source(root / "etc/apt"):
        suites = tuple(suite for suite in source.suites if suite in {codename + p for p in POCKETS})
        uris = tuple(uri for uri in _expanded(source.uris, root) if _usable(uri))
        if uris and suites and "main" in source.components:
            kept = AptSource(
                uris=uris,
                suites=suites,
                components=source.components,
                signed_by=source.signed_by,
                trusted=source.trusted,
            )
            if kept not in found:
                found.append(kept)
    return found


def read_options() -> list[str]:
    """Return lines for an `apt.conf`: the machine's proxies and what it is lenient about.

    Raises:
        Refused: this machine has no apt.
    """
    command = ["apt-config", "dump"]
    try:
        dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        raise Refused(
            "This machine has no apt-config, and so no package sources for an image.",
            hint="Make stacks on a machine with Debian or Ubuntu.",
        ) from None
    return select_options(dump.splitlines())


def select_options(dump: Iterable[str]) -> list[str]:
    """Return those lines of `apt-config dump` that hold for an image as well."""
    matches = (OPTIONS.fullmatch(line.strip()) for line in dump)
    return [match[0] for match in matches if match and not has_password(match[2])]


def _usable(uri: str) -> bool:
    return uri.startswith(("http://", "https://")) and not has_password(uri)


def _expanded(uris: Iterable[str], root: Path) -> Iterator[str]:
    """Yield `uris` with lists of mirrors (`mirror+file:`) replaced by what they list."""
    for uri in uris:
        if not uri.startswith("mirror+file:"):
            yield uri
            continue
        listing = root / uri.removeprefix("mirror+file:").lstrip("/")
        if listing.is_file():
            lines = listing.read_text(encoding="utf-8", errors="replace").splitlines()
            yield from (line.split()[0] for line in lines if line.strip() and line[0] != "#")


def _every_source(apt: Path) -> Iterator[AptSource]:
    lists = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))]
    for path in lists:
        if path.is_file():
            yield from parse_list(path.read_text(encoding="utf-8", errors="replace"))
    for path in sorted((apt / "sources.list.d").glob("*.sources")):
        yield from parse_deb822(path.read_text(encoding="utf-8", errors="replace"))


def parse_list(text: str) -> Iterator[AptSource]:
    """Yield the binary sources of a one-line-style file (sources.list(5))."""
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line.strip())
        if match is None:
            continue
        pairs = (word.partition("=") for word in (match[1] or "").split())
        options = {key.lower(): value for key, _, value in pairs}
        yield AptSource(
            uris=(match[2],),
            suites=(match[3],),
            components=tuple(match[4].split()),
            signed_by=options.get("signed-by", ""),
            trusted=options.get("trusted") == "yes",
        )


def parse_deb822(text: str) -> Iterator[AptSource]:
    """Yield the enabled binary sources of a deb822-style file (sources.list(5))."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for block in re.split(r"\n\s*\n", "\n".join(lines)):
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line[:1].isspace():
                fields[name] = f"{fields.get(name, '')}\n{line}"
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no":
            yield AptSource(
                uris=tuple(fields.get("uris", "").split()),
                suites=tuple(fields.get("suites", "").split()),
                components=tuple(fields.get("components", "").split()),
                signed_by=fields.get("signed-by", ""),
                trusted=fields.get("trusted") == "yes",
            )
