"""The builds that are kept: their numbers, logs and image tags, and the end of those under way."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from dokkupy import jobs, locks, trial_network
from dokkupy.core_properties import LONGEST
from dokkupy.errors import BuildFailed, Conflict, DokkupyError, ImageNotFound
from dokkupy.scheduler_docker import image_repository
from dokkupy.types import BuildState

if TYPE_CHECKING:
    from pathlib import Path

    from dokkupy.contents import Contents
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.report import Report
    from dokkupy.types import BuildRecord, Line, Source

DIED: Final = "The process that built it died."


@contextmanager
def recorded(platform: Platform, report: Report, source: Source) -> Iterator[BuildRecord]:
    """Keep a build's story under a new number; `keep` says how it ended, or an exception does.

    Raises:
        BuildFailed: it was cancelled meanwhile.
    """
    store = platform.store
    record = store.builds.begin(
        source.app, origin=source.origin, revision=source.revision, actor=platform.actor
    )
    try:
        with report.copied(log_file(platform, source.app, record.number)):
            yield record
    except BaseException as error:
        message = error.message if isinstance(error, DokkupyError) else f"{type(error).__name__}"
        if store.builds.get(record.app, record.number).state is BuildState.CANCELLING:
            store.builds.reach(record, BuildState.CANCELLED, error="It was cancelled.")
            raise BuildFailed(
                f"Build {record.number} of {record.app} was cancelled.",
                hint=f"Push again, or build what was pushed: dokkupy build {record.app}",
            ) from error
        store.builds.reach(record, BuildState.FAILED, error=message)
        raise


def keep(platform: Platform, record: BuildRecord, made_of: Contents, *, pin: bool) -> None:
    """Note what came of a build; `pin` its image unless a release is about to do so."""
    if pin:
        platform.engine.tag(made_of.image, tag_of(platform, record.app, record.number))
    platform.store.builds.finish(
        record,
        image=made_of.image,
        builder=made_of.builder,
        processes=made_of.processes,
        release_task=made_of.release_task,
    )


@contextmanager
def time_limit(seconds: float, what: str, app: AppName) -> Iterator[None]:
    """Let a block take so long and no longer, in the main thread, which is where runners build.

    0 seconds are no limit.

    Raises:
        BuildFailed: the time is over.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    more = min(seconds * 2, LONGEST)

    def over(_number: int, _frame: object) -> None:
        raise BuildFailed(
            f"{what} took longer than {seconds:g} s.",
            hint=f"Give it more time: dokkupy builds set {app} timeout {more:g}"
            if more > seconds
            else "Make it shorter: nothing may take longer than a day.",
        )

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def deployable(platform: Platform, app: AppName, number: int) -> BuildRecord:
    """Return a build that has an image.

    Raises:
        NotFound: there is no such build.
        Conflict: no image came of it, or that is gone.
    """
    record = platform.store.builds.get(app, number)
    if record.state is not BuildState.BUILT:
        raise Conflict(
            f"Build {number} of {app} is {record.state}, so there is nothing to deploy.",
            hint=f"See what became of it: dokkupy builds show {app} {number}",
        )
    try:
        platform.engine.image(record.image)
    except ImageNotFound as error:
        raise Conflict(
            f"The image of build {number} of {app} is gone.",
            hint=f"Build its revision again: dokkupy build {app} --ref {record.revision[:12]}",
        ) from error
    return record


def cancel(platform: Platform, app: AppName, number: int) -> None:
    """End a build that is under way; what serves is not touched.

    Raises:
        NotFound: there is no such build.
        Conflict: it has ended, or its image is being deployed already.
    """
    record = platform.store.builds.get(app, number)
    holder = locks.app_holder(platform.paths, app)
    if record.finished_at or holder is None:
        raise Conflict(
            f"Build {number} of {app} is not under way.",
            hint=f"See what became of it: dokkupy builds show {app} {number}",
        )
    platform.store.builds.reach(record, BuildState.CANCELLING)
    with suppress(ProcessLookupError):
        # One that has just finished by itself leaves a number that nobody has yet.
        descriptor = os.pidfd_open(holder.pid)
        try:
            if locks.app_holder(platform.paths, app) == holder:
                signal.pidfd_send_signal(descriptor, signal.SIGTERM)
        finally:
            os.close(descriptor)


def recover(platform: Platform, app: AppName) -> None:
    """End builds whose process has died, with what their tests have left; needs the app's lock.

    Raises:
        EngineError: something cannot be removed now; the next recovery tries again.
    """
    unfinished = platform.store.builds.unfinished(app)
    if unfinished:
        trial_network.remove(platform, app)
    for record in unfinished:
        cancelled = record.state is BuildState.CANCELLING
        state = BuildState.CANCELLED if cancelled else BuildState.FAILED
        platform.store.builds.reach(record, state, error=DIED)


def remove(platform: Platform, record: BuildRecord) -> None:
    """Forget a build with its log; its image goes unless a release has it."""
    if record.image:
        with suppress(Conflict):
            platform.engine.remove_image(tag_of(platform, record.app, record.number))
    log_file(platform, record.app, record.number).unlink(missing_ok=True)
    platform.store.builds.remove(record.app, record.number)


def tag_of(platform: Platform, app: AppName, number: int) -> str:
    """Return the name under which the engine keeps a build's image."""
    return f"{image_repository(platform.root_id, app)}:build-{number}"


def log_folder(platform: Platform, app: AppName) -> Path:
    """Return the folder with the logs of an app's builds."""
    return platform.paths.build_logs / app


def log_file(platform: Platform, app: AppName, number: int) -> Path:
    """Return the file with what a build said."""
    return log_folder(platform, app) / f"{number}.log"


def log(platform: Platform, app: AppName, number: int) -> Iterator[Line]:
    """Yield what a build has said so far."""
    from dokkupy.types import Line

    with suppress(FileNotFoundError), log_file(platform, app, number).open("rb") as file:
        for raw in file:
            stream, text = jobs.decode(raw.rstrip(b"\n"))
            yield Line(text=text, stream=stream)


def remove_logs(platform: Platform, app: AppName) -> None:
    """Remove the logs of an app that is gone."""
    shutil.rmtree(log_folder(platform, app), ignore_errors=True)
