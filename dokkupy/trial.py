"""The test of an image before it is released: its own command, in a container of its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dokkupy import build_queue, contents, env, shell
from dokkupy.errors import BuildFailed, DeployFailed
from dokkupy.scheduler import OneOff
from dokkupy.types import Environment, Rank, Release, Scale

if TYPE_CHECKING:
    from dokkupy.contents import Contents
    from dokkupy.declared import Declared
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.report import Report


def run(
    platform: Platform, report: Report, app: AppName, made_of: Contents, said: Declared
) -> None:
    """Run the tests in the built image; what they print is told as it comes.

    They get the platform's variables and their own, with `CI=true`. Neither the app's config nor
    its services reach them: what a test does must not touch what people use.

    Raises:
        BuildFailed: they failed.
    """
    report.progress(f"Testing: {said.test}")
    task = OneOff(
        release=_unreleased(platform, app, made_of, said),
        command=shell.of_line(said.test),
        env=Environment(),
        scale=Scale(quantity=1, memory=build_queue.build_memory()),
        purpose="test",
    )
    try:
        for line in platform.scheduler.run(task):
            report.output(line.decode("utf-8", "replace"))
    except DeployFailed as error:
        raise BuildFailed(
            f"The tests failed: {error.message}",
            hint=f"Mend them and push again, or release without: "
            f"dokkupy builds set {app} test false",
            detail=error.detail,
        ) from error


def _unreleased(platform: Platform, app: AppName, made_of: Contents, said: Declared) -> Release:
    layers = [
        layer
        for layer in env.layers(platform.store, platform.hooks, app, "run")
        if layer.rank < Rank.SERVICE
    ]
    values = Environment({**env.merge(layers), "CI": "true", **said.test_env})
    return Release(
        app=app,
        number=0,
        image=made_of.image,
        revision=made_of.revision,
        builder=made_of.builder,
        processes=contents.with_port(made_of.processes, values),
        env=values,
        config=Environment(),
        description="tests",
        actor=platform.actor,
        created_at=time.time(),
    )
