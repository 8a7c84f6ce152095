"""The builder itself: a source and its buildpacks -> an image."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dokkupy.builder import BuildRequest
from dokkupy.errors import BuildFailed, ImageNotFound, NotFound, UsageError
from dokkupy.names import ProcessName
from dokkupy.types import Build, EnvLayer, Source
from dokkupy_buildpacks import generated, launcher
from dokkupy_buildpacks.answer import Answer
from dokkupy_buildpacks.assembly import Assembly
from dokkupy_buildpacks.choice import LOOKS_FOR, chosen
from dokkupy_buildpacks.container import answered
from dokkupy_buildpacks.fetching import fetched
from dokkupy_buildpacks.parcel import Parcel

if TYPE_CHECKING:
    from dokkupy_buildpacks.references import Buildpack

NAME: Final = "builder-buildpacks"
LATEST: Final = "latest"
RELEASE: Final = "dokkupy.stack.release"
"""The label of a stack's image that says which one `latest` is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The pair of images that an app is built on and runs on."""

    name: str
    build: str
    """Id of the image with compilers and headers."""
    run: str
    """Id of the small one."""


class BuildpacksBuilder:
    """Runs classic buildpacks as an unprivileged user in a container with limits.

    What they make becomes an image on the stack's run image; beside a static.json, the folder that
    this names becomes a site, which nothing runs for. No value of the environment is in
    an argument list, in a container's config, or in the image.
    """

    name = NAME
    looks_for = (
        "a file that a bundled buildpack knows ("
        + ", ".join(file for files in LOOKS_FOR.values() for file in files)
        + "), or buildpacks named in .buildpacks, app.json or `dokkupy buildpacks set`"
    )

    def detect(self, source: Source, properties: dict[str, object]) -> bool:
        """Say whether there are buildpacks for it; a list that is wrong counts, `build` says so."""
        try:
            return bool(chosen(source.path, properties))
        except BuildFailed:
            return True

    def build(self, request: BuildRequest) -> Build:
        """Build the image.

        Raises:
            BuildFailed: a buildpack cannot be had, does not fit, fails, or takes too much.
        """
        packs = chosen(request.source.path, request.properties)
        if not packs:
            raise BuildFailed(
                "No buildpack fits.", hint=f"dokkupy buildpacks add {request.source.app} URL"
            )
        site = generated.wanted(request.source.path)
        stack = _stack(request)
        assembly = Assembly(request.engine, request.labels, stack.name)
        with (
            fetched(packs, request.source.path.parent, request.on_line) as folders,
            ThreadPoolExecutor(max_workers=3, thread_name_prefix="buildpacks") as pool,
            Answer() as answer,
        ):
            kept = pool.submit(assembly.kept)
            parcel = _parcel(request, packs, folders, stack, kept.result)
            with answered(request, stack, parcel, answer, pool):
                processes = _processes(answer, request.on_line)
                image = assembly.make(
                    stack.run, answer.header["layers"], answer.archives, processes
                )
        if site is not None:
            image = generated.image_of(request, image, *site)
            return Build(app=request.source.app, builder=self.name, image=image)
        if not processes and not (request.source.path / "Procfile").is_file():
            line = "web: node index.js" if packs[-1].short == "node" else "web: gunicorn app:app"
            raise BuildFailed(
                "Neither a Procfile nor a buildpack says what to run.",
                hint=f"Commit a Procfile with a line such as `{line}`.",
            )
        return Build(app=request.source.app, builder=self.name, image=image, processes=processes)


def _processes(answer: Answer, on_line: Callable[[str], None]) -> dict[str, str]:
    """Return what bin/release has said of what runs, without names that no process can have."""
    found = {}
    for name, line in answer.header["processes"].items():
        try:
            found[str(ProcessName.parse(str(name)))] = str(line)
        except UsageError as error:
            on_line(f" !     bin/release: {error.message} {error.hint}")
    return found


def public_values(layers: Iterable[EnvLayer]) -> dict[str, str]:
    """Return the variables that are no secret; the strongest layer wins."""
    values: dict[str, str] = {}
    for layer in sorted(layers, key=lambda layer: layer.rank):
        if layer.public:
            values.update(layer.values)
    return values


def _stack(request: BuildRequest) -> Stack:
    """Return the stack that the app is on, the newest one for its first build."""
    wanted = str(request.properties.get("stack") or LATEST)
    build = _provided(request, f"dokkupy/build:{wanted}")
    name = request.engine.image(build).labels.get(RELEASE, wanted) if wanted == LATEST else wanted
    return Stack(name=name, build=build, run=_provided(request, f"dokkupy/run:{name}"))


def _provided(request: BuildRequest, reference: str) -> str:
    try:
        return request.engine.image(reference).id
    except ImageNotFound:
        pass
    try:
        request.provide_image(reference)
        return request.engine.image(reference).id
    except (NotFound, ImageNotFound) as error:
        app = request.source.app
        raise BuildFailed(
            f"The stack of {app} is not here: there is no image {reference}.",
            hint=f"See which there are: dokkupy stack list; then dokkupy buildpacks set-stack {app}"
            " STACK",
            detail=error.message,
        ) from error


def _parcel(
    request: BuildRequest,
    packs: list[Buildpack],
    folders: tuple[Path, ...],
    stack: Stack,
    kept: Callable[[], list[str]],
) -> Parcel:
    public = public_values(request.layers)
    return Parcel(
        request=lambda: {
            "packs": [pack.short for pack in packs],
            "base": stack.run,
            "have": kept(),
            "stack": stack.name,
            "revision": request.source.revision,
            # The value that counts may come from a layer that is secret.
            "env": {key: text for key, text in public.items() if request.env.get(key) == text},
            "launcher": launcher.SCRIPT,
            "launcher_path": launcher.PATH.lstrip("/"),
        },
        packs=folders,
        env=request.env,
        programs=request.programs,
        source=request.source.path,
    )
