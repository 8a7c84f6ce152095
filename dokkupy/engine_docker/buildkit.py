"""Builds by BuildKit, which the engine's API gives to a docker client's session alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dokkupy.engine_docker import docker_config, registry
from dokkupy.engine_docker.build import missing_base
from dokkupy.engine_docker.refusals import unanswered
from dokkupy.engine_docker.wire import ANSWER_SECONDS
from dokkupy.errors import BuildFailed, EngineError, UsageError

if TYPE_CHECKING:
    from dokkupy.engine import ImageBuild
    from dokkupy.engine_docker.client import Client

_FIRST_LOOK: Final = ("/usr/bin",)
"""Where a distribution's own client is, which an engine of its own fits best."""
_PLUGIN_DIRECTORIES: Final = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
_VERSION: Final = re.compile(r"Docker version (?P<major>\d+)\.")
_FIRST_WITHOUT_OWN_BUILDKIT: Final = 23
"""Since then the client leaves BuildKit to its plugin buildx."""

_STEP: Final = re.compile(r"#(?P<number>\d+) \[(?P<what>.+)")
_METADATA: Final = re.compile(r"internal\] load metadata for (?P<image>\S+)")
_ERROR: Final = re.compile(r"#(?P<number>\d+) ERROR: (?P<reason>.+)")
_NOISE: Final = re.compile(
    r"#\d+ (?:sha256:[0-9a-f]{64}.*|DONE [\d.]+s|transferring .*|\[internal\] .*"
    r"|exporting layers.*|writing image .*|\.\.\.)?"
)
_SECRET_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")
_TAIL_LINES: Final = 20
_END_SECONDS: Final = 10.0
"""How long a client may take to end its build."""


@cache
def find_client() -> str:
    """Return the path of a docker client that does BuildKit; empty when there is none."""
    candidates = [*_FIRST_LOOK, *os.environ.get("PATH", "").split(os.pathsep)]
    for candidate in dict.fromkeys(Path(directory) / "docker" for directory in candidates):
        if candidate.is_absolute() and os.access(candidate, os.X_OK) and _speaks(candidate):
            return str(candidate)
    return ""


def _speaks(client: Path) -> bool:
    # Asked by access(2): HOME may be a folder of somebody else's, as runuser(1) leaves it.
    if any(os.access(f"{folder}/docker-buildx", os.F_OK) for folder in _plugin_directories()):
        return True
    try:
        answer = subprocess.run(
            [client, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = _VERSION.match(answer.stdout)
    return version is not None and int(version["major"]) < _FIRST_WITHOUT_OWN_BUILDKIT


def _plugin_directories() -> list[str]:
    own = os.environ.get("DOCKER_CONFIG") or str(Path("~/.docker").expanduser())
    return [f"{own}/cli-plugins", *_PLUGIN_DIRECTORIES]


def build_command(
    client: str, build: ImageBuild, *, iid_file: Path, secrets: Mapping[str, Path]
) -> list[str]:
    """Return the whole command; `secrets` are the files that hold the values."""
    command = [client, "build", "--progress=plain", f"--iidfile={iid_file}"]
    command.append(f"--file={build.context / build.dockerfile}")
    command += [f"--build-arg={key}={build.args[key]}" for key in sorted(build.args)]
    command += [f"--label={key}={build.labels[key]}" for key in sorted(build.labels)]
    command += [f"--secret=id={key},src={secrets[key]}" for key in sorted(secrets)]
    if build.no_cache:
        command.append("--no-cache")
    return [*command, "--", str(build.context)]


def build_with_buildkit(engine: Client, build: ImageBuild, on_line: Callable[[str], None]) -> str:
    """Build an image and return its id.

    Raises:
        BuildFailed: a step failed.
        ImageNotFound: a base image is neither here nor to be had.
        EngineError: this host has no client for BuildKit, or it never begins.
        UsageError: a secret's name cannot be one.
    """
    for name in build.secrets:
        # Anything else could add fields to the option that names the file.
        if not _SECRET_NAME.fullmatch(name):
            raise UsageError(
                f"{name!a} cannot be the id of a build secret.",
                hint="Use letters, digits, dots, dashes and underscores.",
            )
    client = find_client()
    if not client:
        raise EngineError(
            "This build needs BuildKit, and no docker client on this host can ask for it.",
            hint="apt-get install docker-cli docker-buildx (or docker-buildx-plugin)",
        )
    with (
        tempfile.TemporaryDirectory(prefix="dokkupy-build-") as directory,
        _in_memory(build.secrets) as files,
    ):
        iid_file = Path(directory) / "iid"
        secrets = {name: Path(f"/proc/self/fd/{file}") for name, file in files.items()}
        command = build_command(client, build, iid_file=iid_file, secrets=secrets)
        progress = _Progress(on_line)
        environment = {"DOCKER_HOST": f"unix://{engine.socket}", **_config(engine, directory)}
        code = _run(command, environment, progress, files.values())
        if code != 0:
            raise progress.failure(code)
        return iid_file.read_text().strip()


@contextmanager
def _in_memory(secrets: Mapping[str, str]) -> Iterator[Mapping[str, int]]:
    """Give a file for each secret that lies on no disk, so that no death leaves it there."""
    with ExitStack() as stack:
        files = {}
        for name, value in secrets.items():
            file = stack.enter_context(os.fdopen(os.memfd_create("secret"), "wb", buffering=0))
            file.write(value.encode())
            files[name] = file.fileno()
        yield files


def _config(engine: Client, directory: str) -> Mapping[str, str]:
    """Return what makes the client find our logins beside its user's."""
    logins = engine.logins()
    if not logins:
        return {}
    folder = Path(directory) / "config"
    folder.mkdir(mode=0o700)
    known = [registry.credentials(login) for login in logins]
    docker_config.write_with(folder, {found["serveraddress"]: found for found in known})
    return {"DOCKER_CONFIG": str(folder)}


def _run(
    command: list[str],
    told: Mapping[str, str],
    progress: _Progress,
    inherited: Collection[int],
) -> int:
    environment = {**os.environ, "DOCKER_BUILDKIT": "1", **told}
    with subprocess.Popen(
        [*_ending_with_us(), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        pass_fds=tuple(inherited),
        text=True,
        errors="replace",
    ) as process:
        watchdog = _Watchdog(process)
        try:
            for line in process.stdout or ():
                watchdog.calm()
                progress.take(line.rstrip())
        except BaseException:
            # The client ends the build when it ends.
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)
            process.kill()
            raise
        finally:
            watchdog.calm()
    if watchdog.bit:
        raise unanswered(ANSWER_SECONDS)
    return process.returncode


@cache
def _ending_with_us() -> tuple[str, ...]:
    """Return the words by which the kernel ends a client whose caller has died (prctl(2)).

    A build that nobody waits for would go on, and no limit of memory holds it.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ()
    words = (setpriv, "--pdeathsig", "TERM")
    tried = subprocess.run([*words, "true"], capture_output=True, check=False)
    return words if tried.returncode == 0 else ()


class _Watchdog:
    """Ends a client that says nothing at all.

    A build that was begun says so at once. A client whose request is refused while its session
    is being set up waits for ever (measured with 20.10: three of thirty such refusals).
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.bit = False
        self._process = process
        self._timer = threading.Timer(ANSWER_SECONDS, self._bite)
        self._timer.daemon = True
        self._timer.start()

    def calm(self) -> None:
        """Leave the client alone from now on."""
        self._timer.cancel()

    def _bite(self) -> None:
        self.bit = True
        self._process.kill()


class _Progress:
    """Passes on the lines that tell something, and remembers what a failure must name."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._bases: dict[str, str] = {}
        self._missing: tuple[str, str] | None = None
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)

    def take(self, line: str) -> None:
        """Take one line of the client's plain output."""
        if step := _STEP.fullmatch(line):
            if base := _METADATA.fullmatch(step["what"]):
                self._bases[step["number"]] = base["image"]
        elif (error := _ERROR.fullmatch(line)) and error["number"] in self._bases:
            self._missing = self._bases[error["number"]], error["reason"]
        if line and not _NOISE.fullmatch(line):
            self._tail.append(line)
            self._on_line(line)

    def failure(self, code: int) -> BuildFailed | EngineError:
        """Return what went wrong."""
        if self._missing:
            image, reason = self._missing
            return missing_base(image.removeprefix("docker.io/").removeprefix("library/"), reason)
        last = self._tail[-1] if self._tail else f"docker build ended with exit code {code}"
        return BuildFailed(last, detail="\n".join(self._tail))
