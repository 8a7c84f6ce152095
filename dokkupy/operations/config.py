"""Operations on the environment variables of apps, and of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from dokkupy import envfile, jobs
from dokkupy.deployment import Deployment
from dokkupy.envfile import Format
from dokkupy.errors import DokkupyError, NotFound, UsageError
from dokkupy.names import AppName, EnvKey, Scope
from dokkupy.operations.registry import Help, KeyValue, Stdin, operation
from dokkupy.types import Environment, Line, Stream

if TYPE_CHECKING:
    from dokkupy.platform import Platform

Where = Annotated[Scope, Help("The app, or --global for all apps")]
Restart = Annotated[bool, Help("Leave what runs alone; it counts from the next deploy on")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable."""

    key: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedConfig:
    """What a change came to."""

    scope: str
    """An app's name; empty for global."""
    keys: tuple[str, ...]
    deployments: tuple[Deployment, ...]
    """The releases that it made, none when nothing runs yet or nothing was to be restarted."""

    def text(self) -> str:
        """Say what changed and what now runs with it."""
        of = self.scope or "all apps"
        done = f"Config of {of} changed: {', '.join(self.keys)}" if self.keys else "Nothing to do"
        return "\n".join([done, *(deployment.text() for deployment in self.deployments)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One place that has a value for a key."""

    rank: str
    origin: str
    value: str = field(repr=False)
    wins: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """Variables as text."""

    values: dict[str, str] = field(repr=False)
    written: str = field(repr=False)

    def text(self) -> str:
        """Return the text in the format that was asked for."""
        return self.written


@operation(summary="Set variables")
def set_(
    platform: Platform, scope: Where, pairs: list[KeyValue], *, restart: Restart = True
) -> Stream[ChangedConfig]:
    """Set variables of an app, or of all apps, as one change.

    A deployed app gets one new release with them. When it fails its checks the old release goes
    on serving, and the config is what it was before.
    """
    values = envfile.check(Environment({pair.key: pair.value for pair in pairs}))
    return (yield from _change(platform, scope, values, (), restart=restart))


@operation(summary="Unset variables")
def unset(
    platform: Platform, scope: Where, keys: list[EnvKey], *, restart: Restart = True
) -> Stream[ChangedConfig]:
    """Unset variables of an app, or of all apps; one that is not set is fine."""
    return (yield from _change(platform, scope, {}, keys, restart=restart))


@operation(summary="Print the value of one variable", reads=True)
def get(platform: Platform, scope: Where, key: EnvKey) -> str:
    """Print one value as it is.

    Raises:
        NotFound: the scope itself has no such variable.
    """
    _require(platform, scope)
    values = platform.store.config.get(scope)
    if key not in values:
        raise NotFound(
            f"{key} is not set for {scope or 'all apps'}.",
            hint=f"See what is: dokkupy config show {scope or '--global'}",
        )
    return values[key]


@operation(
    summary="Show the variables",
    reads=True,
    default=True,
    empty="Nothing is set. Set something: dokkupy config set APP KEY=VALUE",
)
def show(platform: Platform, scope: Where) -> list[Variable]:
    """Show the variables that were set for an app, or for all apps."""
    _require(platform, scope)
    return [Variable(key=k, value=v) for k, v in platform.store.config.get(scope).items()]


@operation(summary="Show which layers have a value for a key, the winning one first", reads=True)
def explain(platform: Platform, app: AppName, key: EnvKey) -> list[Layer]:
    """Show where the value of a variable comes from when the app runs.

    Raises:
        NotFound: no layer has it.
    """
    from dokkupy import env

    platform.store.apps.get(app)
    found = env.chain(env.layers(platform.store, platform.hooks, app, "run"), key)
    if not found:
        raise NotFound(f"Nothing sets {key} for {app}.", hint=f"dokkupy config set {app} {key}=…")
    return [
        Layer(
            rank=layer.rank.name.lower(),
            origin=layer.origin,
            value=layer.values[key],
            wins=layer is found[0],
        )
        for layer in found
    ]


@operation(summary="Write the variables as text", reads=True)
def export(
    platform: Platform,
    scope: Where,
    *,
    format: Annotated[Format, Help("env and json can be imported again")] = "env",  # noqa: A002
) -> Exported:
    """Write the variables of an app, or of all apps, for a shell, as an env file, or as JSON."""
    _require(platform, scope)
    values = platform.store.config.get(scope)
    return Exported(values=dict(values), written=envfile.dump(values, format))


@operation(summary="Read variables from standard input")
def import_(
    platform: Platform,
    scope: Where,
    stdin: Stdin,
    *,
    replace: Annotated[bool, Help("Unset whatever is not in the input")] = False,
    restart: Restart = True,
) -> Stream[ChangedConfig]:
    """Set variables from an env file or a JSON object of at most 16 MiB, as one change."""
    content = stdin.stream.read(envfile.LARGEST_FILE + 1)
    if len(content) > envfile.LARGEST_FILE:
        raise UsageError(
            f"The input is larger than {envfile.LARGEST_FILE // 1024**2} MiB.",
            hint="Keep large values in files or a volume, and their paths in variables.",
        )
    if not content.strip():
        # What failed to export says nothing either, and must not empty a config.
        raise UsageError(
            "Nothing was sent.",
            hint=f"Send a file: dokkupy config import {scope or '--global'} < FILE; "
            "{} stands for no variable at all.",
        )
    try:
        values = envfile.load(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UsageError("The input is not UTF-8 text.", hint="Send it in UTF-8.") from None
    _require(platform, scope)
    gone = [k for k in platform.store.config.get(scope) if replace and k not in values]
    return (yield from _change(platform, scope, values, gone, restart=restart))


def _change(
    platform: Platform,
    scope: Scope,
    assign: Mapping[str, str],
    unset: Sequence[str],
    *,
    restart: bool,
) -> Stream[ChangedConfig]:
    _require(platform, scope)
    before = platform.store.config.get(scope)
    keys = [k for k, v in assign.items() if before.get(k) != v] + [k for k in unset if k in before]
    deployments: list[Deployment] = []
    if scope.app and restart and platform.store.releases.live(scope.app) and keys:
        arguments: dict[str, Any] = {"assign": dict(assign), "unset": list(unset)}
        result = yield from jobs.run(platform, "change-config", scope.app, arguments)
        deployments.append(Deployment.of(result))
    else:
        platform.store.config.change(scope, assign, unset)
        if not scope and restart and keys:
            deployments = yield from _refresh_all(platform, keys)
    return ChangedConfig(scope=scope, keys=tuple(keys), deployments=tuple(deployments))


def _refresh_all(platform: Platform, keys: Sequence[str]) -> Stream[list[Deployment]]:
    done: list[Deployment] = []
    failed: list[str] = []
    for app in map(AppName, sorted(platform.store.releases.live_numbers())):
        reason = f"global config {' '.join(keys)}"
        try:
            result = yield from jobs.run(platform, "refresh", app, {"reason": reason})
            done.append(Deployment.of(result))
        except DokkupyError as error:
            failed.append(app)
            yield Line(text=f"{app}: {error.message}", stream="warning")
    if failed:
        raise DokkupyError(
            f"The config is set, but these apps go on with the one before: {', '.join(failed)}.",
            hint=f"See why, then try again: dokkupy ps restart {failed[0]}",
        )
    return done


def _require(platform: Platform, scope: Scope) -> None:
    if scope.app:
        platform.store.apps.get(scope.app)
