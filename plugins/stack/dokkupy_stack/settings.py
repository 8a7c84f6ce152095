"""What an image takes over from the machine, so that package installs work inside it too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from dokkupy_stack import apt_settings, npm_settings, pip_settings
from dokkupy_stack.apt_settings import AptSource
from dokkupy_stack.certificates import BUNDLE, DIRECTORY, read_certificates

ROOT: Final = Path("/")

LEAN_APT: Final = """\
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dpkg::Use-Pty "0";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };
"""
"""What keeps apt's caches out of image layers and its progress bars out of build logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSettings:
    """Package sources, proxies and certificates; nothing secret."""

    codename: str
    """The distribution's release: `bookworm`."""
    sources: tuple[AptSource, ...]
    options: tuple[str, ...] = ()
    """Lines of an `apt.conf`."""
    pip: Mapping[str, str] = field(default_factory=dict)
    npm: Mapping[str, str] = field(default_factory=dict)
    certificates: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Key files that `sources` are signed by: absolute path -> content."""

    @classmethod
    def read(cls) -> Self:
        """Read this machine's own."""
        codename = os_release(ROOT).get("VERSION_CODENAME", "")
        sources = tuple(apt_settings.read_sources(ROOT, codename))
        paths = {path for source in sources for path in source.keys if path.is_file()}
        return cls(
            codename=codename,
            sources=sources,
            options=tuple(apt_settings.read_options()) if sources else (),
            pip=pip_settings.read_settings(pip_settings.config_files(os.environ), os.environ),
            npm=npm_settings.read_settings(npm_settings.config_files(os.environ), os.environ),
            certificates=read_certificates(ROOT),
            keys={str(path): path.read_bytes() for path in paths},
        )

    @property
    def apt_sources(self) -> str:
        """The text of one `.sources` file with all of them."""
        return "\n".join(source.stanza() for source in self.sources)

    @property
    def apt_options(self) -> str:
        """The text of an `apt.conf`."""
        return "".join(f"{line}\n" for line in self.options)

    def files(self) -> dict[str, bytes]:
        """Return the files to lay over an image: absolute path -> content."""
        texts = {
            "/etc/apt/apt.conf.d/80lean": LEAN_APT,
            "/etc/pip.conf": pip_settings.render(self.pip, bundle=BUNDLE),
        }
        if self.sources:
            texts["/etc/apt/sources.list.d/machine.sources"] = self.apt_sources
        if self.options:
            texts["/etc/apt/apt.conf.d/90machine"] = self.apt_options
        for name, text in self.certificates.items():
            texts[f"/{DIRECTORY}/{name}"] = text
        return {**self.keys, **{path: text.encode() for path, text in texts.items()}}

    def build_files(self) -> dict[str, bytes]:
        """Return `files` and what the package managers of languages need beside pip's."""
        return {
            **self.files(),
            npm_settings.NPMRC: npm_settings.render(self.npm, bundle=BUNDLE).encode(),
            "/etc/uv/uv.toml": pip_settings.render_uv(self.pip).encode(),
        }


def os_release(root: Path) -> dict[str, str]:
    """Return what `root` says of its distribution (os-release(5))."""
    path = root / "etc/os-release"
    if not path.is_file():
        return {}
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines())
    return {key: value.strip("\"'") for key, _, value in pairs}
