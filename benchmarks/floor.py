"""The floor under a deploy: plain `docker build` and `docker run`, and nothing else."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.arena import remove_labelled, undisturbed
from benchmarks.checkout import set_version
from benchmarks.first_answer import FirstAnswer
from benchmarks.tools import REPOSITORY, Tools
from dokkupy.testing.client import free_port

LABEL = "dokkupy.benchmark"
PORT = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainDocker:
    """Builds and runs one example by hand, with one of the two builders."""

    tools: Tools
    tree: Path
    token: str
    port: int
    buildkit: bool

    def deploy(self, version: str) -> float:
        """Change one line, build, run; return the seconds until the first answer."""
        set_version(self.tree, version)
        docker = self.tools.docker
        env = {"DOCKER_BUILDKIT": "1" if self.buildkit else "0"}
        image = f"dokkupy-benchmark/{self.token}"
        label = f"--label={LABEL}={self.token}"
        container = f"dokkupy-benchmark-{self.token}"
        publish = f"--publish=127.0.0.1:{self.port}:{PORT}"
        run = [docker, "run", "--detach", f"--name={container}", label, publish]
        began = time.monotonic()
        self.tools.run(
            [docker, "build", "--quiet", f"--tag={image}", label, "."], cwd=self.tree, env=env
        )
        self.tools.run([*run, f"--env=PORT={PORT}", image], cwd=self.tree, env=env)
        # Not asked before it runs: a request that meets no container yet holds up the next ones
        # for a second, while the kernel looks for the container's address.
        with FirstAnswer(self.port, "localhost", f"version {version}\n") as first:
            seconds = first.came() - began
        self.tools.run([docker, "rm", "--force", container], cwd=self.tree)
        return seconds


@contextmanager
def plain_docker(
    tools: Tools, folder: Path, example: str, *, token: str, buildkit: bool
) -> Iterator[PlainDocker]:
    """Give a floor with a tree of its own; its images and containers go with the block."""
    token = f"{token}-{'buildkit' if buildkit else 'classic'}"
    tree = folder / f"floor-{token}"
    shutil.copytree(REPOSITORY / "examples" / example, tree)
    try:
        yield PlainDocker(tools=tools, tree=tree, token=token, port=free_port(), buildkit=buildkit)
    finally:
        with undisturbed():
            remove_labelled(tools, f"{LABEL}={token}")
