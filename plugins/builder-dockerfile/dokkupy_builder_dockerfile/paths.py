"""Where the Dockerfile of a source is, without ever leaving the source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dokkupy.errors import BuildFailed, UsageError
from dokkupy.source_path import SourcePath

DEFAULT_DOCKERFILE = "Dockerfile"
LARGEST_DOCKERFILE = 1024 * 1024
"""Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """The folder that is sent to the engine, and the Dockerfile in it."""

    context: Path
    dockerfile: str
    """Relative to the context, links resolved."""

    def read(self) -> str:
        """Return the text of the Dockerfile.

        Raises:
            BuildFailed: it is larger than 1 MiB.
        """
        with (self.context / self.dockerfile).open("rb") as file:
            content = file.read(LARGEST_DOCKERFILE + 1)
        if len(content) > LARGEST_DOCKERFILE:
            raise BuildFailed(
                f"{self.dockerfile!a:.80} is larger than {LARGEST_DOCKERFILE} bytes.",
                hint="Copy files into the image instead of writing them out in the Dockerfile.",
            )
        return content.decode(errors="replace")


def locate(source: Path, dockerfile: str) -> Location | None:
    """Find the Dockerfile at `dockerfile` inside `source`; None when there is none.

    Raises:
        BuildFailed: a path or a link leads out of the source.
    """
    try:
        inside = SourcePath.parse(dockerfile or DEFAULT_DOCKERFILE)
    except UsageError as error:
        raise BuildFailed(error.message, hint=error.hint) from None
    context = source.resolve()
    file = _resolve(context / inside, within=context)
    if file is None or not file.is_file():
        return None
    relative = str(file.relative_to(context))
    # The engine's client reads these on the host, so they must not lead anywhere else either.
    for ignore in (".dockerignore", f"{relative}.dockerignore"):
        _resolve(context / ignore, within=context)
    return Location(context=context, dockerfile=relative)


def _resolve(path: Path, *, within: Path) -> Path | None:
    """Follow the links of `path`; None when it leads to nothing inside."""
    try:
        resolved = path.resolve()
        exists = resolved.exists()
    except (OSError, RuntimeError):  # a loop of links, or a name that is too long
        return None
    if not resolved.is_relative_to(within):
        raise BuildFailed(
            f"{str(path.relative_to(within))[:80]!a} leads out of the folder that is built.",
            hint="Replace the link by the file itself and push again.",
        )
    return resolved if exists else None
