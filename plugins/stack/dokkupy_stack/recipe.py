"""How one stack's image is made: its Dockerfile, its files, and the version they amount to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dokkupy_stack.settings import MachineSettings
from dokkupy_stack.stacks import STACKS, Stack, lineage, release

OVERLAY: Final = "overlay"
"""The directory of a build context that is laid over the image's root."""

LABEL: Final = "dokkupy.stack"
LABEL_VERSION: Final = "dokkupy.stack.version"
LABEL_RELEASE: Final = "dokkupy.stack.release"
"""On images that carry the name of the distribution's release: those of another one stay."""

_INSTALL: Final = (
    "RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends {packages}"
    " && rm -rf /var/lib/apt/lists/*"
)

_FORGET_SOURCES: Final = (
    "RUN rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/99mmdebstrap"
)

_TRUST: Final = (
    # Debian's slim images come without the package, bootstrapped ones with it.
    "RUN command -v update-ca-certificates >/dev/null"
    " || { apt-get -qq update && apt-get -qq install -y --no-install-recommends ca-certificates"
    " && rm -rf /var/lib/apt/lists/*; }; update-ca-certificates"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that decides what comes out of a build."""

    stack: Stack
    dockerfile: str
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Absolute path in the image -> content."""

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that change whenever the recipe does."""
        digest = hashlib.sha256(self.dockerfile.encode())
        for path, content in sorted(self.files.items()):
            digest.update(f"\0{path}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()[:12]

    @property
    def reference(self) -> str:
        """The name of exactly this image: `dokkupy/python:0123456789ab`."""
        return f"{self.stack.image}:{self.version}"

    @property
    def labels(self) -> dict[str, str]:
        """What tells the image apart from apps' images and from other stacks."""
        labels = {LABEL: self.stack.name, LABEL_VERSION: self.version}
        return labels if self.stack.version else {**labels, LABEL_RELEASE: release()}

    def write(self, context: Path) -> None:
        """Lay out a build context in an empty directory."""
        (context / "Dockerfile").write_text(self.dockerfile, encoding="utf-8")
        for path, content in self.files.items():
            target = context / OVERLAY / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod(0o644)


def recipes_for(
    stack: Stack, parent: str, settings: MachineSettings, *, foundation: str
) -> list[Recipe]:
    """Return the recipes to follow, in order, to get `stack`; the last one is its own.

    `parent` names the plain Debian image, whose id is `foundation`.
    """
    recipes: list[Recipe] = []
    for step in lineage(stack):
        if step.parent is None:
            recipe = _ground(step, parent, settings, foundation)
        elif step.bare:
            recipe = _bare(step, parent, settings)
        elif STACKS[step.parent].bare:
            recipe = _workshop(step, parent, settings)
        else:
            recipe = _storey(step, parent)
        recipes.append(recipe)
        parent = recipe.reference
    return recipes


def _ground(stack: Stack, parent: str, settings: MachineSettings, foundation: str) -> Recipe:
    lines = [
        f"# {parent} was {foundation}",
        f"FROM {parent}",
        *([_FORGET_SOURCES] if settings.sources else []),
        f"COPY {OVERLAY}/ /",
        _TRUST,
        *_packages(stack),
        *stack.commands,
    ]
    return Recipe(stack=stack, dockerfile=_text(lines), files=settings.files())


def _storey(stack: Stack, parent: str) -> Recipe:
    lines = [f"FROM {parent}", *_packages(stack), *stack.commands]
    return Recipe(stack=stack, dockerfile=_text(lines))


def _bare(stack: Stack, parent: str, settings: MachineSettings) -> Recipe:
    """Install with the machine's settings, take them away, and keep one layer of the rest."""
    runs = [line for line in stack.commands if line.startswith("RUN ")]
    taken = " ".join(sorted(settings.files()))
    lines = [
        f"FROM {parent} AS made",
        *_packages(stack),
        *runs,
        f"RUN rm -f {taken} && update-ca-certificates --fresh",
        "FROM scratch",
        "COPY --from=made / /",
        *(line for line in stack.commands if line not in runs),
    ]
    return Recipe(stack=stack, dockerfile=_text(lines))


def _workshop(stack: Stack, parent: str, settings: MachineSettings) -> Recipe:
    """Give back to what stands on a bare stack what its installs need."""
    lines = [
        f"FROM {parent}",
        "USER root",
        f"COPY {OVERLAY}/ /",
        _TRUST,
        *_packages(stack),
        *stack.commands,
    ]
    return Recipe(stack=stack, dockerfile=_text(lines), files=settings.build_files())


def _packages(stack: Stack) -> list[str]:
    return [_INSTALL.format(packages=" ".join(stack.packages))] if stack.packages else []


def _text(lines: list[str]) -> str:
    return "\n".join([*lines, ""])
