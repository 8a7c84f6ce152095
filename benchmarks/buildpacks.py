"""How long a push built by buildpacks takes, and how large it gets, against a slim Dockerfile."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from benchmarks.arena import Arena, arena
from benchmarks.checkout import Checkout
from benchmarks.first_answer import FirstAnswer
from benchmarks.results import Measure, Result
from benchmarks.samples import Samples
from benchmarks.tools import BenchmarkError, Tools, load_average, say

RUNS = 7
REDEPLOY_LIMIT, CHANGE_LIMIT, SIZE_LIMIT = 1.5, 0.5, 1.3
"""Of a redeploy in Dockerfile redeploys, of new dependencies in first builds, of sizes."""

DOCKERFILES: Final[Mapping[str, str]] = {
    "flask": """\
FROM dokkupy/python:3
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
USER nobody
ENV WEB_CONCURRENCY=2
EXPOSE 5000
CMD ["gunicorn", "app:app"]
""",
    "express": """\
FROM dokkupy/build AS build
WORKDIR /app
RUN npm pack --silent node-linux-$(uname -m | sed 's/x86_64/x64/;s/aarch64/arm64/')@24.x \\
 && tar --extract --gzip --file node-linux-*.tgz --directory /tmp
COPY package.json .
RUN npm install --omit=dev
FROM dokkupy/base:1
WORKDIR /app
COPY --from=build /tmp/package/bin/node /usr/local/bin/node
COPY --from=build /app/node_modules node_modules
COPY . .
USER nobody
ENV NODE_ENV=production
EXPOSE 5000
CMD ["node", "app.js"]
""",
}
"""What a careful person would write for the same apps: dependencies before code, nothing else."""


@dataclass(slots=True)
class Found:
    """What was measured of one app."""

    first: float = 0.0
    """Seconds from the first push of all to its answer."""
    changed: list[float] = field(default_factory=list)
    """The same for pushes with another dependency."""
    buildpacks: list[float] = field(default_factory=list)
    dockerfile: list[float] = field(default_factory=list)
    size: int = 0
    dockerfile_size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One app with its checkout."""

    root: Arena
    app: str
    checkout: Checkout

    def push(self, version: str) -> float:
        """Push one version; return the seconds until its first answer."""
        self.checkout.change(version)
        remote = self.root.ask("git", "remote", self.app)["path"]
        with FirstAnswer(self.root.port, self.root.host(self.app), f"version {version}\n") as first:
            pushed = self.checkout.push(remote)
            if not pushed.accepted:
                raise BenchmarkError(f"The push was refused:\n{pushed.output}")
            return first.came() - pushed.began

    def depend_on(self, number: int) -> None:
        """Change what the app depends on; every number gives another set of packages."""
        folder = self.checkout.folder
        requirements, package = folder / "requirements.txt", folder / "package.json"
        if requirements.exists():
            kept = [line for line in requirements.read_text().splitlines() if "dotenv" not in line]
            kept.append(f"python-dotenv==1.{number % 2}.1")
            requirements.write_text("\n".join([*kept, ""]))
        else:
            document = json.loads(package.read_text())
            document["dependencies"]["ms"] = f"2.1.{2 + number % 2}"
            package.write_text(json.dumps(document, indent=2) + "\n")

    def size(self) -> int:
        """Return the bytes of the image that serves."""
        tools, label = self.root.tools, f"label=dokkupy.app={self.app}"
        only = [f"--filter={label}", f"--filter=label=dokkupy.root={self.root.id}"]
        listed = tools.run(
            [tools.docker, "container", "ls", "--quiet", *only], cwd=self.root.folder
        )
        asked = [tools.docker, "container", "inspect", "--format={{.Image}}", listed.split()[0]]
        image = tools.run(asked, cwd=self.root.folder).strip()
        asked = [tools.docker, "image", "inspect", "--format={{.Size}}", image]
        return int(tools.run(asked, cwd=self.root.folder))


def measure(tools: Tools, runs: int | None) -> Result:
    """Push the same app both ways in turn, the order reversed in every other round."""
    count = runs or RUNS
    before = load_average()
    found = {name: Found() for name in DOCKERFILES}
    with ExitStack() as stack:
        root = stack.enter_context(arena(tools))
        root.run("stack", "ensure", "python", "build")
        for name, text in DOCKERFILES.items():
            _measure(root, name, text, found[name], count)
    return evaluate(found, loads=(before, load_average()))


def _measure(root: Arena, name: str, dockerfile: str, found: Found, count: int) -> None:
    lanes = []
    for app in (name, f"{name}-dockerfile"):
        root.run("apps", "create", app)
        lanes.append(
            Lane(root=root, app=app, checkout=Checkout(root.tools, root.folder / app, name))
        )
    ours, theirs = lanes
    (theirs.checkout.folder / "Dockerfile").write_text(dockerfile)
    found.first = ours.push("first")
    theirs.push("first")
    say(f"buildpacks: {name} is built for the first time")
    for number in range(count):
        pushes = [(ours, found.buildpacks), (theirs, found.dockerfile)]
        for lane, seconds in pushes if number % 2 else reversed(pushes):
            seconds.append(lane.push(f"round-{number}"))
        say(f"buildpacks: {name}, round {number + 1} of {count}")
    found.size, found.dockerfile_size = ours.size(), theirs.size()
    for number in range(2):
        ours.depend_on(number)
        found.changed.append(ours.push(f"changed-{number}"))


def evaluate(found: Mapping[str, Found], *, loads: tuple[float, float]) -> Result:
    """Return the figures of all apps; pure."""
    rows: list[Measure] = []
    for name, one in found.items():
        ours, theirs = Samples(tuple(one.buildpacks)), Samples(tuple(one.dockerfile))
        changed = Samples(tuple(one.changed))
        size = Samples((one.size / one.dockerfile_size,))
        rows += [
            Measure(what=f"{name}: one line, Dockerfile", unit="s", samples=theirs),
            Measure(what=f"{name}: one line, buildpacks", unit="s", samples=ours),
            Measure(
                what="  over the Dockerfile, round by round",
                unit="x",
                samples=ours.over(theirs),
                limit=REDEPLOY_LIMIT,
            ),
            Measure(what=f"{name}: first build", unit="s", samples=Samples((one.first,))),
            Measure(what=f"{name}: another dependency", unit="s", samples=changed),
            Measure(
                what="  over the first build",
                unit="x",
                samples=changed.times(1 / one.first),
                limit=CHANGE_LIMIT,
            ),
            Measure(
                what=f"{name}: image over the Dockerfile's",
                unit="x",
                samples=size,
                limit=SIZE_LIMIT,
            ),
        ]
    return Result(
        part="buildpacks",
        conditions=(
            (
                "examples/flask and examples/express, pushed by path, each by buildpacks and with a"
                " Dockerfile that installs dependencies in a layer of their own."
            ),
            "Until the first whole answer of the new version through the proxy.",
            "Pushes of both alternate; ratios are of the same round.",
            "The first build begins with empty caches of the app, with the stack's images there.",
            f"Load average {loads[0]:.1f} before, {loads[1]:.1f} after.",
        ),
        measures=rows,
        detail={
            "bytes": {name: [one.size, one.dockerfile_size] for name, one in found.items()},
            "load_average": list(loads),
        },
    )
