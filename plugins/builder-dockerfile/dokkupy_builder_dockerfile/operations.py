"""The operations `build-args …`: which values a Dockerfile's `ARG` lines get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from dokkupy import Help, operation
from dokkupy.errors import NotFound, UsageError
from dokkupy.names import AppName, EnvKey
from dokkupy.operations.registry import KeyValue
from dokkupy_builder_dockerfile import build_args
from dokkupy_builder_dockerfile.build_args import BuildArg

if TYPE_CHECKING:
    from dokkupy.platform import Platform


@operation(summary="Give values to the ARG lines of an app's Dockerfile")
def set_(
    platform: Platform,
    app: AppName,
    pairs: Annotated[list[KeyValue], Help("KEY=VALUE; nothing secret")],
) -> list[BuildArg]:
    """Declare build arguments that are no secret; the next build uses them.

    Build arguments can be read from the image's history by whoever gets the image. For a
    secret, use `RUN --mount=type=secret,id=KEY` and `dokkupy config set`.
    """
    platform.store.apps.get(app)
    if not pairs:
        raise UsageError("There is nothing to set.", hint="Give at least one KEY=VALUE.")
    build_args.change(platform.store, app, {pair.key: pair.value for pair in pairs})
    return build_args.declared(platform.store, app)


@operation(summary="Take build arguments from the app's config")
def from_config(platform: Platform, app: AppName, keys: list[EnvKey]) -> list[BuildArg]:
    """Declare that these keys of the app's config are no secret and may be build arguments.

    Each build takes the value that the config has then.
    """
    platform.store.apps.get(app)
    if not keys:
        raise UsageError("There is no key to take.", hint="Give at least one key of the config.")
    config = {**platform.store.config.get(""), **platform.store.config.get(app)}
    missing = [key for key in keys if key not in config]
    if missing:
        raise NotFound(
            f"The config of {app} has no {' and no '.join(missing)}.",
            hint=f"dokkupy config set {app} {missing[0]}=VALUE",
        )
    build_args.change(platform.store, app, dict.fromkeys(keys))
    return build_args.declared(platform.store, app)


@operation(summary="Forget build arguments of an app")
def unset(platform: Platform, app: AppName, keys: list[EnvKey]) -> list[BuildArg]:
    """Forget build arguments; the default in the Dockerfile counts again.

    A key that is not declared is fine.
    """
    platform.store.apps.get(app)
    build_args.change(platform.store, app, {}, keys)
    return build_args.declared(platform.store, app)


@operation(
    summary="List the build arguments of an app",
    name="list",
    reads=True,
    default=True,
    empty="No build arguments. Add one: dokkupy build-args set APP KEY=VALUE",
)
def list_(platform: Platform, app: AppName) -> list[BuildArg]:
    """List the declared build arguments with where each value comes from."""
    platform.store.apps.get(app)
    return build_args.declared(platform.store, app)
