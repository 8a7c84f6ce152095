"""The text of a plugin whose operations end in every way that a command can."""

from __future__ import annotations

PLUGIN = """
    @hookimpl
    def register_operations():
        return {"probe": "probe_probe.operations"}

    @hookimpl
    def app_created():
        raise ValueError("no luck")
"""
OPERATIONS = '''
    from dataclasses import dataclass
    from pathlib import Path
    from typing import Annotated
    from dokkupy import Help, operation
    from dokkupy.errors import Locked
    from dokkupy.names import AppName, Scope
    from dokkupy.operations.registry import KeyValue, Stdin, Verbatim
    from dokkupy.types import ExitStatus, Line

    @dataclass(frozen=True)
    class Answer:
        app: str
        words: int

    @operation(summary="Report on an app", reads=True, default=True)
    def report(platform, app: AppName, key: str | None = None) -> Answer:
        return Answer(app, 1)

    @operation(summary="Show a scope", reads=True)
    def scope(platform, scope: Scope, *, number: Annotated[int, Help("How many")] = 1) -> str:
        """Show it, as the long help says.

        Raises:
            NotFound: never.
        """
        return repr((str(scope), number))

    @operation(summary="Work for long")
    def work(platform, app: AppName):
        yield Line(text="step one", stream="progress")
        yield Line(text="careful", stream="warning")
        return Answer(app, 2)

    @operation(summary="Fail at it")
    def fail(platform):
        yield Line(text="step one")
        raise Locked("Bob is at work on a.", hint="Wait for Bob.", detail="since noon")

    @operation(summary="Break")
    def crash(platform):
        raise ZeroDivisionError("by zero")

    @operation(summary="Destroy it", confirm="app")
    def destroy(platform, app: AppName, *, force: bool = False) -> str:
        return f"{app} is gone, forced={force}"

    @operation(summary="Run words", interactive=True)
    def execute(platform, app: AppName, command: Annotated[list[str], Verbatim("Words")]):
        print(command)
        return ExitStatus(code=37)

    @operation(summary="Open a file and write its number into it")
    def descriptor(platform, file: Path) -> None:
        with file.open("w") as opened:
            opened.write(str(opened.fileno()))

    @operation(summary="Read")
    def read(platform, data: Stdin) -> str:
        return data.stream.read().hex()

    @operation(summary="Say who asks", reads=True)
    def whoami(platform) -> str:
        return platform.actor

    @operation(summary="List nothing", name="list", reads=True, empty="Nothing yet.")
    def list_(platform) -> list[str]:
        return []

    @operation(summary="Call a hook")
    def hook(platform, app: AppName) -> None:
        platform.hooks.app_created(app=app)

    @operation(summary="Wait to be interrupted")
    def wait(platform, app: AppName):
        yield Line(text="waiting")
        raise KeyboardInterrupt
'''
