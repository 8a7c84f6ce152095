"""The right of a root's proxy to ports below 1024, and nobody else's.

A copy of setpriv(1) that only the system user may run carries the file capability
CAP_NET_BIND_SERVICE; it hands that one on to the program it starts, here the distribution's own
nginx. Compared with what else would do: a capability on a copy of nginx would miss that package's
security updates, one on the package's nginx would be lost with them and be everybody's, and
`net.ipv4.ip_unprivileged_port_start` opens the ports to every user of the machine.
See capabilities(7), "Ambient" and "File capabilities".
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from dokkupy.errors import DokkupyError
from dokkupy.host.account import Account
from dokkupy.host.finding import Finding, blocked, done, to_do
from dokkupy.host.part import Part
from dokkupy.host.running import find
from dokkupy.host.wanted import Wanted
from dokkupy.launching import CAPABILITIES
from dokkupy.paths import Paths

CAPABILITY: Final = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)
"""`cap_net_bind_service=ep` as the kernel keeps it: struct vfs_cap_data, revision 2."""
MODE: Final = 0o500
FIRST_FREE: Final = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


class LowPortsPart(Part):
    """The launcher by which the proxy gets ports below 1024."""

    name = "ports"

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._launcher = Paths(wanted.root).low_ports

    def look(self) -> Iterator[Finding]:
        """Give whether it is needed, can work here, and is there."""
        low = [port for port in self._wanted.ports if port < first_free_port()]
        user = self._wanted.user
        if not low:
            yield done(self.name, "The ports need no special right.")
        elif find("setpriv") is None:
            yield blocked(
                self.name,
                f"setpriv is missing; it opens port {low[0]} for {user}.",
                "apt-get install util-linux",
            )
        elif self._forbidden():
            yield blocked(
                self.name,
                f"{self._wanted.root} is on a file system mounted nosuid, where no program can "
                f"be given the right to port {low[0]}.",
                "dokkupy --root OTHER host setup, or: --http-port 8080 --https-port 8443",
            )
        elif hides_processes():
            yield blocked(
                self.name,
                "/proc is mounted with hidepid, so nobody but root can see a proxy that has the "
                f"right to port {low[0]}.",
                "mount -o remount,hidepid=0 /proc, or: --http-port 8080 --https-port 8443",
            )
        elif self._is_there():
            yield done(self.name, f"{user} alone may serve on ports below 1024.")
        else:
            yield to_do(
                self.name,
                f"Let {user} alone serve on ports below 1024.",
                f"setcap cap_net_bind_service=ep {self._launcher} (a copy of setpriv)",
            )

    def _forbidden(self) -> bool:
        folder = next(f for f in (self._wanted.root, *self._wanted.root.parents) if f.exists())
        return bool(os.statvfs(folder).f_flag & os.ST_NOSUID)

    def _is_there(self) -> bool:
        account = Account.find(self._wanted.user)
        try:
            status = self._launcher.lstat()
            capability = os.getxattr(self._launcher, CAPABILITIES, follow_symlinks=False)
        except OSError:
            return False
        return (
            account is not None
            and status.st_uid == account.uid
            and stat.S_IMODE(status.st_mode) == MODE
            and capability == CAPABILITY
        )

    def make(self) -> Iterable[str]:
        """Put the launcher in place, whole or not at all."""
        account, program = Account.find(self._wanted.user), find("setpriv")
        if account is None or program is None:
            return ()
        with account.acting():
            self._launcher.parent.mkdir(mode=0o700, exist_ok=True)
        # The folder is the user's, who may have put anything into it: follow nothing.
        folder = os.open(self._launcher.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _write(folder, self._launcher.name, program.read_bytes(), account)
        finally:
            os.close(folder)
        return ()

    def unmake(self) -> Iterator[str]:
        """Remove the launcher."""
        account = Account.at(self._wanted.user, self._wanted.root)
        if account is not None and self._launcher.exists():
            yield "Taking back the right to ports below 1024"
            with account.acting():
                self._launcher.unlink()


def _write(folder: int, name: str, content: bytes, account: Account) -> None:
    fresh = f"{name}.new"
    with suppress(FileNotFoundError):
        os.unlink(fresh, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(fresh, flags, MODE, dir_fd=folder), "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), MODE)
        os.fchown(file.fileno(), account.uid, account.gid)
        # Last: a write or a change of owner takes the capability away.
        try:
            os.setxattr(file.fileno(), CAPABILITIES, CAPABILITY)
        except OSError as error:
            raise _refused(error) from error
    os.rename(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)


def _refused(error: OSError) -> DokkupyError:
    reason = "has no file capabilities" if error.errno == errno.EOPNOTSUPP else str(error.strerror)
    return DokkupyError(
        f"No program can be given the right to ports below 1024: the file system {reason}.",
        hint="Choose other ports: dokkupy host setup --http-port 8080 --https-port 8443",
    )


def first_free_port() -> int:
    """Return the lowest port that needs no right (ip(7))."""
    try:
        return int(FIRST_FREE.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 1024


def hides_processes(mounts: Path = Path("/proc/self/mounts")) -> bool:
    """Say whether users are kept from seeing processes that they may not trace (proc(5))."""
    lines = (line.split() for line in mounts.read_text(encoding="utf-8").splitlines())
    options = next((fields[3] for fields in lines if fields[1:3] == ["/proc", "proc"]), "")
    hidden = [word for word in options.split(",") if word.startswith("hidepid=")]
    return bool(hidden) and hidden[0].removeprefix("hidepid=") not in ("0", "off")
