"""The operations that build and deploy: each of the ways in which a release comes about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from dokkupy import jobs
from dokkupy.deployment import Deployment
from dokkupy.errors import UsageError
from dokkupy.images import ImageReference
from dokkupy.names import AppName
from dokkupy.operations.registry import Help, operation

if TYPE_CHECKING:
    from dokkupy.forecast import Forecast
    from dokkupy.platform import Platform
    from dokkupy.types import Stream

REVISION = Help("Branch or commit that was pushed; the deploy branch by default")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildDone:
    """A build that can be deployed."""

    app: str
    build: int

    def text(self) -> str:
        """Say it in one line, with the command that goes on from here."""
        return (
            f"Build {self.build} of {self.app} is ready.\n"
            f"Deploy it: dokkupy deploy {self.app} --build {self.build}"
        )


@operation(summary="Build and test without deploying")
def build(
    platform: Platform, app: AppName, *, ref: Annotated[str | None, REVISION] = None
) -> Stream[BuildDone]:
    """Make an image of what was pushed, and keep it under a number.

    Raises:
        NotFound: there is no such app, branch or commit.
        BuildFailed: no image came of it, or its tests failed.
    """
    revision = _revision(platform, app, ref)
    result: dict[str, Any] = yield from jobs.run(platform, "build", app, {"revision": revision})
    return BuildDone(app=app, build=result["build"])


@operation(summary="Deploy a branch or commit, an earlier build, or an image from elsewhere")
def deploy(
    platform: Platform,
    app: AppName,
    *,
    ref: Annotated[str | None, REVISION] = None,
    build: Annotated[int | None, Help("A build, as `builds list` numbers it")] = None,
    image: Annotated[ImageReference | None, Help("An image that was built elsewhere")] = None,
    plan: Annotated[bool, Help("Only say what would be done")] = False,
) -> Stream[Deployment | Forecast]:
    """Make a release of what is named and give it the traffic.

    With `--plan` nothing is touched: the answer is what would be built, started, routed and
    retired, and deploying the same without `--plan` does that.

    Raises:
        NotFound: there is no such app, branch, commit or build.
        UsageError: more than one thing to deploy is named.
        DokkupyError: the deploy failed; what served before still serves.
    """
    if len([value for value in (ref, build, image) if value is not None]) > 1:
        raise UsageError(
            "Only one thing can be deployed at a time.",
            hint="Name one of --ref, --build and --image.",
        )
    kind, arguments = _job(platform, app, ref, build, image)
    if plan:
        from dokkupy import forecast

        return forecast.of(platform, app, **arguments)
    return Deployment.of((yield from jobs.run(platform, kind, app, arguments)))


@operation(summary="Deploy what another app runs, without building it again")
def promote(
    platform: Platform,
    source: Annotated[AppName, Help("The app whose live image is taken, such as staging")],
    target: Annotated[AppName, Help("The app that gets it, with its own config")],
) -> Stream[Deployment]:
    """Give an app the image, tested already, that another app runs.

    Raises:
        NotFound: there is no such app.
        Conflict: the first has not been deployed yet.
        UsageError: both are the same.
        DokkupyError: the deploy failed; what served before still serves.
    """
    from dokkupy import ledger

    if source == target:
        raise UsageError(
            f"{source} cannot be promoted to itself.",
            hint=f"Restart it: dokkupy ps restart {source}",
        )
    platform.store.apps.get(source)
    platform.store.apps.get(target)
    ledger.live(platform, source)
    return Deployment.of((yield from jobs.run(platform, "promote", target, {"origin": source})))


def _job(
    platform: Platform,
    app: AppName,
    ref: str | None,
    build: int | None,
    image: ImageReference | None,
) -> tuple[str, dict[str, Any]]:
    """Return the kind of job that deploys one of them, and its arguments."""
    platform.store.apps.get(app)
    if build is not None:
        from dokkupy import builds

        builds.deployable(platform, app, build)
        return "deploy-build", {"number": build}
    if image is not None:
        return "deploy-image", {"reference": image}
    return "deploy", {"revision": _revision(platform, app, ref)}


def _revision(platform: Platform, app: AppName, ref: str | None) -> str:
    from dokkupy import git

    branch = platform.store.apps.get(app).deploy_branch
    chosen = branch if ref is None else ref
    if ref is None and not branch:
        raise UsageError(
            f"Nothing has been pushed to {app} yet.",
            hint=f"See where to push it: dokkupy git remote {app}",
        )
    git.resolve(platform.paths, app, chosen)
    return chosen
