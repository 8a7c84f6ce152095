"""The hooks of the stack plugin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from dokkupy import hookimpl

if TYPE_CHECKING:
    from dokkupy import Platform

PLUGIN_API: Final = ">=1,<2"


@hookimpl
def register_operations() -> Mapping[str, str]:
    """Give the noun `stack`."""
    return {"stack": "dokkupy_stack.operations"}


@hookimpl
def provide_image(
    platform: Platform, reference: str, on_line: Callable[[str], None]
) -> bool | None:
    """Make `dokkupy/NAME` available when NAME is one of the stacks."""
    from dokkupy_stack.stacks import stack_of

    stack = stack_of(reference)
    if stack is None:
        return None
    from dokkupy_stack.provider import Provider

    Provider.here(platform.engine, on_line).ensure(stack)
    return True
