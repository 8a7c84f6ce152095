"""The programs of this machine that a benchmark calls, and what a reader must know of it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent


class BenchmarkError(Exception):
    """Something that stops a benchmark; its text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Paths of the programs, and the environment that they run in."""

    dokkupy: str
    docker: str
    docker_buildkit: str
    """A client that can ask for BuildKit; empty when there is none."""
    git: str
    environment: Mapping[str, str]

    @classmethod
    def find(cls) -> Tools:
        """Look the programs up.

        Raises:
            BenchmarkError: one is missing.
        """
        from dokkupy.engine_docker.buildkit import find_client

        beside = Path(sys.executable).with_name("dokkupy")
        found = {
            "dokkupy": str(beside) if beside.exists() else shutil.which("dokkupy"),
            "docker": find_client() or shutil.which("docker"),
            "git": shutil.which("git"),
        }
        for name, path in found.items():
            if not path:
                raise BenchmarkError(f"There is no {name} on PATH: install it.")
        return cls(
            dokkupy=str(found["dokkupy"]),
            docker=str(found["docker"]),
            docker_buildkit=find_client(),
            git=str(found["git"]),
            environment=clean(os.environ),
        )

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        timeout: float = 300,
    ) -> str:
        """Run a program to its end and return what it prints.

        Raises:
            BenchmarkError: it ends with another code than 0.
        """
        done = self.attempt(command, cwd=cwd, env=env, timeout=timeout)
        if done.returncode:
            raise BenchmarkError(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def attempt(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        timeout: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program that may fail.

        It has a session of its own: Ctrl-C is ours alone to handle.
        """
        return subprocess.run(
            list(command),
            cwd=cwd,
            env={**self.environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            start_new_session=True,
            check=False,
        )

    def describe(self) -> dict[str, Any]:
        """Return what the figures depend on."""
        here = Path("/")
        engine = self.run([self.docker, "version", "--format", "{{.Server.Version}}"], cwd=here)
        nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin") or ""
        return {
            "processors": os.cpu_count(),
            "kernel": platform.release(),
            "python": platform.python_version(),
            "engine": engine.strip(),
            "git": self.run([self.git, "--version"], cwd=here).split()[-1],
            "nginx": self.attempt([nginx, "-v"], cwd=here).stderr.strip().partition("/")[2]
            if nginx
            else "",
        }


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which everybody would measure the same.

    Bytecode is kept, no other root is meant, and no habit of the user's git takes part.
    """
    left_out = ("DOKKUPY_ROOT", "DOKKUPY_ACTOR", "DOKKUPY_PLUGINS", "PYTHONDONTWRITEBYTECODE")
    kept = {
        key: value
        for key, value in environment.items()
        if key not in left_out and not key.startswith(("GIT_", "PYTHONPATH"))
    }
    return kept | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "benchmark",
        "GIT_AUTHOR_EMAIL": "benchmark@localhost",
        "GIT_COMMITTER_NAME": "benchmark",
        "GIT_COMMITTER_EMAIL": "benchmark@localhost",
    }


def load_average() -> float:
    """Return how many processes wanted a processor during the last minute."""
    return os.getloadavg()[0]


def say(text: str) -> None:
    """Tell whoever waits how far it has come."""
    print(text, file=sys.stderr, flush=True)
