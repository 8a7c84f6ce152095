"""The image of a service: there already, from a registry, or built of distribution packages."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dokkupy.engine import ImageBuild
from dokkupy.errors import BuildFailed, Conflict, ImageNotFound

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.services.kind import ServiceKind
    from dokkupy.services.server import Recipe, ServerImage
    from dokkupy.services.service import Service

PULL_SECONDS: Final = 600.0
BUILD_MEMORY: Final = 1024**3
LABEL: Final = "dokkupy.service.image"

Tell = Callable[[str], None]


def ensure(platform: Platform, image: ServerImage, *, chosen: bool, tell: Tell) -> str:
    """Have the engine hold the image of a server; return the name it has there.

    `chosen`: somebody asked for just this one, so that nothing else will do.

    Raises:
        ImageNotFound: neither a registry nor the distribution has it.
    """
    recipe = None if chosen else image.recipe
    candidates = [image.upstream, *([recipe.reference] if recipe else [])]
    for reference in candidates:
        if is_there(platform, reference):
            return reference
    tell(f"Asking the registry for {image.upstream}")
    try:
        platform.engine.pull(image.upstream, PULL_SECONDS)
    except ImageNotFound as error:
        if recipe is None:
            error.hint = "Choose another, or leave --image out for the usual one."
            raise
        tell(f"No registry has it; {recipe.reference} is made of the distribution's packages")
        if not platform.hooks.provide_image(reference=recipe.reference, on_line=tell):
            raise
        return recipe.reference
    return image.upstream


def renew(platform: Platform, image: ServerImage, reference: str, tell: Tell) -> None:
    """Get the newest of an image that there is: pulled, or built anew.

    Raises:
        EngineError: it cannot be had; what was there still is.
    """
    if image.recipe is not None and reference == image.recipe.reference:
        build(platform, image.recipe, tell, fresh=True)
    else:
        platform.engine.pull(reference, PULL_SECONDS)


def is_there(platform: Platform, reference: str) -> bool:
    """Say whether the engine has an image."""
    try:
        platform.engine.image(reference)
    except ImageNotFound:
        return False
    return True


def provide(platform: Platform, kind: ServiceKind, reference: str, tell: Tell) -> bool | None:
    """Build an image when it is one that `kind` has a recipe for; `provide_image` of its plugin."""
    recipe = kind.server_for("").image.recipe
    if recipe is None or recipe.reference != reference:
        return None
    build(platform, recipe, tell)
    return True


def build(platform: Platform, recipe: Recipe, tell: Tell, *, fresh: bool = False) -> None:
    """Build an image of the distribution's packages.

    Raises:
        BuildFailed: it cannot be built.
    """
    engine = platform.engine
    if not is_there(platform, recipe.base) and not platform.hooks.provide_image(
        reference=recipe.base, on_line=tell
    ):
        raise BuildFailed(
            f"{recipe.reference} is built on {recipe.base}, which nobody provides.",
            hint="pip install dokkupy-plugin-stack",
        )
    tell(f"Building {recipe.reference}")
    with tempfile.TemporaryDirectory(prefix="dokkupy-service-") as folder:
        context = Path(folder)
        for place, content in recipe.files.items():
            file = context / "files" / place.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
            file.chmod(0o755)
        (context / "Dockerfile").write_text("\n".join(dockerfile(recipe)) + "\n", encoding="utf-8")
        image = engine.build(
            ImageBuild(
                context=context,
                dockerfile="Dockerfile",
                args={},
                labels={LABEL: recipe.reference},
                memory=BUILD_MEMORY,
                cpu_shares=512,
                no_cache=fresh,
            ),
            tell,
        )
    engine.tag(image, recipe.reference)


def dockerfile(recipe: Recipe) -> Iterable[str]:
    """Return the lines of the Dockerfile of a recipe."""
    yield f"FROM {recipe.base}"
    if recipe.packages:
        yield (
            "RUN apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y"
            f" --no-install-recommends {' '.join(recipe.packages)} && rm -rf /var/lib/apt/lists/*"
        )
    if recipe.files:
        yield "COPY files/ /"
    yield from recipe.instructions


def hold(platform: Platform, service: Service) -> None:
    """Keep the image that a service runs by a name of its own, for the way back."""
    platform.engine.tag(service.image_id, _held(platform, service))


def let_go(platform: Platform, service: Service) -> None:
    """Forget the image that was kept for the way back; none is fine."""
    with suppress(Conflict):  # it is what the service runs again
        platform.engine.remove_image(_held(platform, service))


def _held(platform: Platform, service: Service) -> str:
    return f"dokkupy-{platform.root_id}/service-{service.noun}-{service.name}:before"
