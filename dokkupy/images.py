"""Images that were built elsewhere: named by people, fetched from their registries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Self

from dokkupy.errors import BuildFailed, ImageNotFound, UsageError

if TYPE_CHECKING:
    from dokkupy.engine import ImageInfo
    from dokkupy.platform import Platform
    from dokkupy.report import Report

FETCH_SECONDS: Final = 1800.0
"""How long fetching one image may take."""
LONGEST: Final = 512
_REFERENCE: Final = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)


class ImageReference(str):
    """The name of an image: `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`, as registries define it."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return `text` when it names an image.

        Raises:
            UsageError: it does not.
        """
        if len(text) > LONGEST or not _REFERENCE.fullmatch(text):
            raise UsageError(
                f"{text!a:.120} names no image.",
                hint="Write it as NAME:TAG or HOST/NAME:TAG, such as registry.example.com/shop:7",
            )
        return cls(text)


def fetch(platform: Platform, report: Report, reference: str) -> ImageInfo:
    """Return an image, fetched anew when a registry has it.

    A tag may have moved on in its registry, so what the engine has already is the second choice.

    Raises:
        BuildFailed: neither a registry nor the engine has it.
    """
    report.progress(f"Fetching {reference}")
    try:
        platform.engine.pull(reference, FETCH_SECONDS)
    except ImageNotFound as error:
        try:
            found = platform.engine.image(reference)
        except ImageNotFound:
            raise BuildFailed(
                f"The image {reference} cannot be had.",
                hint=error.hint or "Check its name, and log in to its registry if it needs that.",
                detail=error.detail or error.message,
            ) from error
        report.warning(f"{reference} could not be fetched; taking what the engine has of that name")
        return found
    return platform.engine.image(reference)
