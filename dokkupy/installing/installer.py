"""The installer of the running environment, pip or uv: its commands, and their running."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

from dokkupy.errors import PluginError
from dokkupy.installing.reference import GIT_SCHEMES
from dokkupy.installing.user import User

LIMIT_SECONDS: Final = 900
"""For one command: an index may be slow, a wheel may have to be compiled."""
_TAIL_LINES: Final = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """pip or uv, working on the environment of one Python."""

    kind: Literal["pip", "uv"]
    program: tuple[str, ...]
    """What every command begins with."""
    user: User
    """Who owns the environment."""

    @classmethod
    def of_this_python(cls, user: User) -> Self:
        """Return the installer of the environment that runs this.

        Raises:
            PluginError: it has none.
        """
        if importlib.util.find_spec("pip") is not None:
            return cls(kind="pip", program=(sys.executable, "-m", "pip"), user=user)
        beside = Path(sys.executable).with_name("uv")
        uv = str(beside) if beside.exists() else shutil.which("uv")
        if uv:
            return cls(kind="uv", program=(uv, "pip"), user=user)
        raise PluginError(
            f"{sys.prefix} has neither pip nor uv to install with.",
            hint=f"{sys.executable} -m ensurepip",
        )

    def staging(self, requirement: str, folder: Path, *, deep: Path | None = None) -> list[str]:
        """Return the command that puts one thing into a folder, without what it needs.

        With the file of constraints `deep`, what it needs comes along.
        """
        needs = ["--no-deps"] if deep is None else ["--constraint", str(deep)]
        # uv remembers for minutes what an index had, and a folder by its project file alone.
        fresh = ["--refresh"] if self.kind == "uv" else []
        return [*self._command("install"), "--target", str(folder), *needs, *fresh, requirement]

    def installing(self, wheels: Path, pinned: Sequence[str]) -> list[str]:
        """Return the command that installs exactly these, `name==version`, from a folder."""
        names = [text.partition("==")[0] for text in pinned]
        again = ["--force-reinstall"] if self.kind == "pip" else []
        if self.kind == "uv":
            again = [word for name in names for word in ("--reinstall-package", name)]
        return [
            *self._command("install"),
            *("--no-index", "--no-deps", "--find-links", str(wheels)),
            *again,
            *pinned,
        ]

    def removing(self, names: Sequence[str]) -> list[str]:
        """Return the command that takes distributions out."""
        return [*self._command("uninstall"), *(["--yes"] if self.kind == "pip" else []), *names]

    def _command(self, verb: str) -> list[str]:
        if self.kind == "pip":
            common = ["--no-input", "--disable-pip-version-check", "--quiet"]
            return [*self.program, verb, *common]
        # `uv` reads the settings of the folder that it is called in; ours is a bare one.
        return [*self.program, verb, "--quiet", "--python", sys.executable]

    def run(self, command: Sequence[str], *, offline: bool = False) -> None:
        """Run one of the commands above.

        Raises:
            PluginError: it failed; what it said last is the detail.
        """
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                cwd="/",
                env=self._environment(offline=offline),
                umask=0o022,
                timeout=LIMIT_SECONDS,
                check=False,
                **self.user.as_process(),
            )
        except subprocess.TimeoutExpired:
            raise PluginError(
                f"{self.kind} was not done after {LIMIT_SECONDS} seconds.",
                hint=f"Try it by hand: {shlex.join(command)}",
            ) from None
        if done.returncode:
            raise PluginError(
                f"{self.kind} ended with code {done.returncode}.",
                hint=f"Try it by hand: {shlex.join(command)}",
                detail="\n".join(done.stdout.rstrip().splitlines()[-_TAIL_LINES:]),
            )

    def _environment(self, *, offline: bool) -> dict[str, str]:
        given: Mapping[str, str] = self.user.environment(os.environ)
        own = {
            "GIT_ALLOW_PROTOCOL": ":".join(GIT_SCHEMES),
            "GIT_TERMINAL_PROMPT": "0",
        }
        if offline:
            # Nothing but the folder that the command names may count.
            given = {
                key: value
                for key, value in given.items()
                if not key.startswith(("PIP_", "UV_")) or key == "UV_CACHE_DIR"
            }
            own |= {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"}
        return {**given, **own}
