"""The test of an image before it is released: its own command, in a container of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
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


def refuse_unknown(platform: Platform, said: Declared) -> None:
    """Refuse services that no plugin has, before anything is built.

    Raises:
        UsageError: there is one among what the tests want.
    """
    if said.test_addons:
        from dokkupy.services import throwaway

        throwaway.kinds(platform, said.test_addons)


def run(
    platform: Platform, report: Report, app: AppName, made_of: Contents, said: Declared
) -> None:
    """Run the tests in the built image; what they print is told as it comes.

    They get the platform's variables and their own, with `CI=true`, and services of their own.
    Neither the app's config nor its services reach them: what a test does must not touch what
    people use.

    Raises:
        BuildFailed: they failed.
        DokkupyError: a service that they want cannot be had.
    """
    with _beside(platform, report, app, said) as (networks, told):
        report.progress(f"Testing: {said.test}")
        task = OneOff(
            release=_unreleased(platform, app, made_of, said, told),
            command=shell.of_line(said.test),
            env=Environment(),
            scale=Scale(quantity=1, memory=build_queue.build_memory()),
            purpose="test",
            networks=networks,
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


@contextmanager
def _beside(
    platform: Platform, report: Report, app: AppName, said: Declared
) -> Iterator[tuple[tuple[str, ...], Environment]]:
    """Give the networks that the tests join, and the variables of what they find there."""
    if not said.test_addons:
        yield (), Environment()
        return
    from dokkupy.services import throwaway

    with throwaway.beside(platform, report, app, said.test_addons) as found:
        yield (found.network,), found.variables


def _unreleased(
    platform: Platform, app: AppName, made_of: Contents, said: Declared, told: Environment
) -> Release:
    layers = [
        layer
        for layer in env.layers(platform.store, platform.hooks, app, "run")
        if layer.rank < Rank.SERVICE
    ]
    values = Environment({**env.merge(layers), "CI": "true", **told, **said.test_env})
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
