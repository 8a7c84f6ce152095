"""Where everything of one root lies on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Final

DEFAULT_ROOT: Final = Path("/var/lib/dokkupy")
ROOT_VARIABLE: Final = "DOKKUPY_ROOT"


class Paths:
    """The folders and files below a root; nothing is made by asking for its path."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state_db = root / "state.db"
        self.git = root / "git"
        """One bare repository per app: `APP.git`."""
        self.jobs = root / "jobs"
        self.locks = root / "locks"
        self.registries = root / "registries.json"
        """Names and secrets for registries of images."""
        self.run = root / "run"
        """Sockets, pids, exported sources: nothing that must outlive a reboot."""
        self.proxy = root / "proxy"
        self.sites = root / "sites"
        """One folder per placed site, with the files that the proxy serves."""
        self.ssh = root / "ssh"
        self.low_ports = root / "bin" / "low-ports"
        """Starts the proxy with the right to ports below 1024; there where a host set it up."""
        self.log = root / "log"
        self.failed_logs = self.log / "failed"
        """One folder per app with what the containers of its failed deploys printed."""
        self.build_logs = self.log / "builds"
        """One folder per app with what its builds said."""
        self.cache = root / "cache"
        """What can be made anew at any time."""
        self.submodules = self.cache / "submodules"

    def foreign(self) -> list[str]:
        """Return the names of what lies in the folder and is no part of a root, but hidden files.

        Raises:
            OSError: the folder cannot be read.
        """
        if not self.root.exists():
            return []
        own = {
            one.relative_to(self.root).parts[0] for one in vars(self).values() if one != self.root
        }
        own |= {"backups", "disabled-plugins", "lost+found"}
        there = (entry.name for entry in self.root.iterdir())
        return sorted(name for name in there if name not in own and not name.startswith("."))

    def make(self) -> None:
        """Make the folders, open to their owner alone."""
        self.root.mkdir(mode=0o755, parents=True, exist_ok=True)
        for folder in (self.git, self.jobs, self.locks, self.run, self.ssh, self.log, self.cache):
            folder.mkdir(mode=0o700, exist_ok=True)
        self.proxy.mkdir(mode=0o755, exist_ok=True)
