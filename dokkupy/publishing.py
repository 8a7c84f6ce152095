"""Images of builds on their way to registries, from which other roots run them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dokkupy import builds, locks
from dokkupy.errors import ImageNotFound
from dokkupy.report import Report

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.work import Send

PUSH_SECONDS: Final = 3600.0
"""How long sending one image may take."""


def push(
    platform: Platform, send: Send, *, app: AppName, number: int, reference: str
) -> dict[str, str]:
    """Send a build's image to the registry that its new name begins with; return its digest.

    Raises:
        NotFound: there is no such build.
        Conflict: no image came of it, or that is gone.
        Refused: the registry does not let this root in.
        EngineError: the registry does not answer.
    """
    report, record = Report(send), builds.deployable(platform, app, number)
    report.progress(f"Sending build {number} of {app} as {reference}")
    held = locks.name_lock(
        platform.paths,
        reference,
        what=f"sending build {number} of {app} as {reference}",
        actor=platform.actor,
        on_wait=lambda holder: report.progress(f"Waiting: {holder or 'another build is sent'}"),
    )
    with held, _named(platform, record.image, reference):
        return {"digest": platform.engine.push(reference, report.output, PUSH_SECONDS)}


@contextmanager
def _named(platform: Platform, image: str, reference: str) -> Iterator[None]:
    """Give an image a name for the time of a block; who had it before has it again afterwards."""
    engine = platform.engine
    try:
        before = engine.image(reference).id
    except ImageNotFound:
        before = ""
    engine.tag(image, reference)
    try:
        yield
    finally:
        if before:
            engine.tag(before, reference)
        else:
            engine.remove_image(reference)
