"""The operations of the noun `git` by which an app's source comes from elsewhere than a push."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

from dokkupy import branches, git, jobs
from dokkupy.deployment import Deployment
from dokkupy.errors import NotFound, UsageError
from dokkupy.images import ImageReference
from dokkupy.names import AppName
from dokkupy.operations import deploys
from dokkupy.operations.registry import Help, Stdin, operation
from dokkupy.remote import is_far
from dokkupy.repositories import RepositoryUrl
from dokkupy.types import Line

if TYPE_CHECKING:
    from dokkupy.forecast import Forecast
    from dokkupy.platform import Platform
    from dokkupy.types import Stream

STDIN = "-"


@operation(summary="Deploy the files of an archive")
def from_archive(
    platform: Platform,
    app: AppName,
    archive: Annotated[
        str, Help("A file, an https URL, or `-` for what is sent: a tar, packed or not, or a zip")
    ] = STDIN,
    stdin: Stdin | None = None,
) -> Stream[Deployment]:
    """Make a commit of an archive on the app's deploy branch and deploy it as if it was pushed.

    A single folder that holds everything is left out. Names, links and sizes that no app has
    are refused, and then nothing of the archive is kept.

    Raises:
        NotFound: there is no such app or file.
        UsageError: it is no archive, or not all of one.
        Refused: it holds what no app does, or is too large.
        DokkupyError: the deploy failed; what served before still serves.
    """
    from dokkupy import importing

    branch = platform.store.apps.get(app).deploy_branch or branches.USUAL[0]
    title = _title(archive)
    yield Line(text=f"Reading {title}", stream="progress")
    git.ensure_repo(platform.paths, app)
    old = git.current(platform.paths, app, git.BRANCHES + branch)
    with _opened(archive, stdin) as stream:
        new = importing.commit(
            platform.paths, app, stream, title=title, actor=platform.actor, parent=old
        )
    # Only now: an archive that is refused decides nothing.
    ref = git.BRANCHES + branches.deploy_branch(platform, app, [git.BRANCHES + branch])
    arguments = {"ref": ref, "old": old, "new": new, "what": title}
    return Deployment.of((yield from jobs.run(platform, "bring", app, arguments)))


@operation(summary="Deploy an image that was built elsewhere")
def from_image(
    platform: Platform, app: AppName, image: ImageReference
) -> Stream[Deployment | Forecast]:
    """Do what `deploy APP --image IMAGE` does, which is the same.

    Raises:
        NotFound: there is no such app.
        DokkupyError: the deploy failed; what served before still serves.
    """
    return (yield from deploys.deploy(platform, app, image=image))


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What another repository had."""

    app: str
    branch: str
    """The app's own branch that it is stored in."""
    commit: str
    moved: bool
    """Whether that branch was elsewhere before."""
    deployment: Deployment | None
    """None when nothing was deployed."""

    def text(self) -> str:
        """Say it in one line, with the command that goes on from here."""
        if self.deployment:
            return self.deployment.text()
        moved = "has moved to" if self.moved else "is already at"
        return f"{self.branch} of {self.app} {moved} {self.commit[:8]}."


@operation(summary="Fetch a branch from another repository, and deploy it if asked")
def sync(
    platform: Platform,
    app: AppName,
    url: Annotated[RepositoryUrl, Help("https://…, ssh://…, USER@HOST:PATH, or a folder")],
    ref: Annotated[str | None, Help("Branch, tag or commit; its default branch if none")] = None,
    *,
    build: Annotated[bool, Help("Deploy it, unless that commit is what runs")] = False,
) -> Stream[Synced]:
    """Store what another repository has in the app's deploy branch; with `--build` deploy it.

    Raises:
        NotFound: there is no such app, branch, tag or commit.
        UsageError: the URL is none that may be fetched from.
        Refused: the repository does not answer, or is too large.
        DokkupyError: the deploy failed; what served before still serves.
    """
    platform.store.apps.get(app)
    if ref is not None:
        git.check_branch(ref)
    if url.near and is_far():
        raise UsageError(
            "A folder of the server cannot be named from afar.", hint="Give an https or ssh URL."
        )
    arguments = {"url": url, "wanted": ref, "build": build}
    done: dict[str, Any] = yield from jobs.run(platform, "sync", app, arguments)
    deployed = done.pop("deployment")
    return Synced(**done, deployment=Deployment.of(deployed) if deployed else None)


def _title(archive: str) -> str:
    """Return how an archive is called in the history; what follows a `?` may be a secret."""
    if archive == STDIN:
        return "archive from standard input"
    name = archive.partition("?")[0].rstrip("/").rpartition("/")[2]
    return f"archive {name if name.isprintable() else ascii(name)}"


@contextmanager
def _opened(archive: str, stdin: Stdin | None) -> Iterator[IO[bytes]]:
    if archive == STDIN:
        if stdin is None or (stdin.stream is sys.stdin.buffer and sys.stdin.isatty()):
            raise UsageError(
                "No archive was sent.", hint="Send one: dokkupy git from-archive APP < FILE"
            )
        yield stdin.stream
    elif "://" in archive:
        from dokkupy.archives import download

        with download.opened(archive) as stream:
            yield stream
    else:
        with _file(archive) as stream:
            yield stream


def _file(archive: str) -> Any:
    if is_far():
        raise UsageError(
            "A file of the server cannot be named from afar.",
            hint="Send it: ssh … git from-archive APP < FILE",
        )
    path = Path(archive)
    try:
        if not path.is_file():
            raise FileNotFoundError(2, "there is no such file")
        return path.open("rb")
    except OSError as error:
        raise NotFound(
            f"{archive!a:.200} cannot be read: {error.strerror}.",
            hint="Send it instead: dokkupy git from-archive APP < FILE",
        ) from error
