"""The stack that an app is built on, and stays on until somebody moves it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dokkupy.names import Name
from dokkupy_buildpacks.assembly import STACK_LABEL

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.types import Build

NOUN = "builder-buildpacks"
KEY = "stack"


class StackName(Name):
    """The name of a stack: the tag that its two images share."""

    __slots__ = ()
    noun = "stack name"
    pattern = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,60}[a-z0-9])?")
    rule = "lower-case letters, digits, dots and inner dashes"


def note(platform: Platform, build: Build) -> None:
    """Keep the stack of a build for an app that has none yet."""
    if platform.properties.own(NOUN, build.app, KEY) is None:
        name = platform.engine.image(build.image).labels.get(STACK_LABEL, "")
        if name:
            platform.properties.set(NOUN, build.app, KEY, name)
