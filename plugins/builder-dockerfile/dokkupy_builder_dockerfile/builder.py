"""The builder itself: a source with a Dockerfile -> an image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dokkupy.builder import BuildRequest
from dokkupy.engine import ImageBuild
from dokkupy.errors import BuildFailed, ImageNotFound, NotFound, UsageError
from dokkupy.names import AppName, EnvKey
from dokkupy.sizes import MemorySize
from dokkupy.types import Build, EnvLayer, Rank, Source
from dokkupy_builder_dockerfile.dockerfile import PREDEFINED_ARGS, Dockerfile, Secret
from dokkupy_builder_dockerfile.failure import Trace, explain
from dokkupy_builder_dockerfile.paths import Location, locate


class DockerfileBuilder:
    """Builds the Dockerfile that a source brings.

    Only declared arguments whose values are public reach the build; config reaches it as
    BuildKit secrets alone, and of those only the ones that a step mounts.
    """

    name = "builder-dockerfile"
    looks_for = (
        "a file named Dockerfile (or as `dokkupy builder-dockerfile set APP dockerfile-path` says)"
    )

    def detect(self, source: Source, properties: dict[str, object]) -> bool:
        """Say whether there is a Dockerfile; one that leads outside counts, `build` refuses it."""
        try:
            return _locate(source, properties) is not None
        except BuildFailed:
            return True

    def build(self, request: BuildRequest) -> Build:
        """Build the image.

        Raises:
            BuildFailed: a path leads out of the source, a secret or a base image is missing, or
                a step failed; the message names it.
        """
        app = request.source.app
        location = _locate(request.source, request.properties)
        if location is None:
            raise BuildFailed(
                "There is no Dockerfile.",
                hint=f"See where it is looked for: dokkupy builder-dockerfile report {app}",
            )
        dockerfile = Dockerfile.parse(location.read())
        public = public_values(request.layers)
        args = {key: public[key] for key in sorted(public) if key in _known(dockerfile)}
        for warning in undeclared(request.layers, dockerfile):
            request.on_line(warning)
        build = ImageBuild(
            context=location.context,
            dockerfile=location.dockerfile,
            args=args,
            labels=request.labels,
            memory=_memory(request),
            cpu_shares=request.limits.cpu_shares,
            secrets=wanted_secrets(dockerfile.secrets, request.secrets, app),
            buildkit=bool(dockerfile.buildkit_features),
            no_cache=bool(request.properties.get("no-cache")),
        )
        if build.buildkit:
            request.on_line(
                f"{', '.join(dockerfile.buildkit_features)} needs BuildKit, "
                "which does not hold a build to its memory limit."
            )
        missing = _provide(request, dockerfile.images(args))
        trace = Trace(request.on_line)
        try:
            image = request.engine.build(build, trace)
        except ImageNotFound as error:
            raise _no_base(missing, error) from error
        except BuildFailed as error:
            raise explain(error, trace, app) from error
        return Build(app=app, builder=self.name, image=image)


def public_values(layers: Iterable[EnvLayer]) -> dict[str, str]:
    """Return the variables that may show in an image's history; the strongest layer wins."""
    values: dict[str, str] = {}
    for layer in sorted(layers, key=lambda layer: layer.rank):
        if layer.public:
            values.update(layer.values)
    return values


def undeclared(layers: Iterable[EnvLayer], dockerfile: Dockerfile) -> list[str]:
    """Return a line for each variable that was set for this app's builds and is not declared."""
    chosen = {
        key for layer in layers if layer.public and layer.rank >= Rank.BUILD for key in layer.values
    }
    return [
        f"{key} is not declared, so this build does not see it: add `ARG {key}` to the Dockerfile."
        for key in sorted(chosen - _known(dockerfile))
    ]


def wanted_secrets(
    wanted: Sequence[Secret], config: dict[str, str], app: AppName
) -> dict[str, str]:
    """Return those of the app's config that the Dockerfile mounts.

    Raises:
        BuildFailed: it mounts one that the config lacks.
    """
    for secret in wanted:
        if secret.required and secret.id not in config:
            try:
                key = EnvKey.parse(secret.id)
            except UsageError:
                key = EnvKey("KEY")
            raise BuildFailed(
                f"The Dockerfile mounts the secret {secret.id!a}, which the config of {app} lacks.",
                hint=f"dokkupy config set {app} {key}=VALUE (the id of a secret is a config key)",
            )
    return {secret.id: config[secret.id] for secret in wanted if secret.id in config}


def _known(dockerfile: Dockerfile) -> frozenset[str]:
    return dockerfile.args | PREDEFINED_ARGS


def _locate(source: Source, properties: dict[str, object]) -> Location | None:
    return locate(source.path, str(properties.get("dockerfile-path") or ""))


def _memory(request: BuildRequest) -> int:
    chosen = request.properties.get("build-memory")
    return MemorySize.parse(str(chosen)).bytes if chosen else request.limits.memory


def _provide(request: BuildRequest, images: Iterable[str]) -> list[str]:
    """Let the stack plugins supply what the engine lacks; return what may still be pulled."""
    missing: list[str] = []
    for reference in images:
        try:
            request.engine.image(reference)
        except ImageNotFound:
            try:
                provided = request.provide_image(reference)
            except NotFound as error:  # a name that a stack plugin owns and does not have
                raise BuildFailed(error.message, hint=error.hint, detail=error.detail) from error
            if not provided:
                missing.append(reference)
    return missing


def _no_base(missing: Sequence[str], error: ImageNotFound) -> BuildFailed:
    # The engine may know an image only by a name with variables in it.
    message = f"The base image {missing[-1]} cannot be had." if missing else error.message
    own = "Base images that this server makes itself: dokkupy stack list"
    hint = f"{error.hint}. {own}" if error.hint else own
    return BuildFailed(message, hint=hint, detail=error.detail or error.message)
