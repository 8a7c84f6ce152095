"""What an operation is: a decorated function in its place under a noun, bound and run.

Every surface (command line, ssh, Python) goes through `Operation.bind` and `Operation.run`, so a
value is parsed in one place and a refusal is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

from dokkupy.errors import PluginError, Refused, UsageError
from dokkupy.operations.parameters import (
    Help,
    KeyValue,
    Parameter,
    Stdin,
    Verbatim,
    parameters,
)

if TYPE_CHECKING:
    from dokkupy.platform import Platform

__all__ = [
    "CORE_OPERATIONS",
    "Help",
    "KeyValue",
    "Operation",
    "OperationSpec",
    "Parameter",
    "Stdin",
    "Verbatim",
    "make_operation",
    "operation",
    "operations_of",
    "spec_of",
]

CORE_OPERATIONS: Final[Mapping[str, Sequence[str]]] = {
    "": ("dokkupy.operations.root", "dokkupy.operations.deploys"),
    "apps": ("dokkupy.operations.apps",),
    "builds": ("dokkupy.operations.builds",),
    "completion": ("dokkupy.operations.completion",),
    "config": ("dokkupy.operations.config",),
    "git": ("dokkupy.operations.git", "dokkupy.operations.sources"),
    "host": ("dokkupy.operations.host",),
    "operations": ("dokkupy.operations.catalogue",),
    "plugin": ("dokkupy.operations.plugin",),
    "ps": ("dokkupy.operations.ps",),
    "registry": ("dokkupy.operations.registries",),
    "releases": ("dokkupy.operations.releases",),
    "run": ("dokkupy.operations.run",),
    "services": ("dokkupy.operations.services",),
    "ssh-keys": ("dokkupy.operations.ssh_keys",),
    "vaults": ("dokkupy.operations.vaults",),
}
"""Noun -> modules; the noun "" holds the verbs that stand alone (`dokkupy logs APP`)."""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSpec:
    """What `@operation` says of a function beside its signature and docstring."""

    name: str
    summary: str
    reads: bool
    """It changes nothing."""
    interactive: bool
    """It needs the caller's own terminal or pipes; not for HTTP."""
    default: bool
    """It is what the noun alone means: `dokkupy ps APP` is `dokkupy ps report APP`."""
    empty: str
    """Text shown for an empty list."""
    confirm: str
    """Name of the parameter whose value a person types again unless `force` is given."""
    as_caller: bool
    """It is about the machine: the super-user stays who he is, and does not become the owner."""
    despite_lock: bool
    """It may be asked of an app that is locked, as what reads and what is interactive may."""


def operation(
    *,
    summary: str,
    name: str | None = None,
    reads: bool = False,
    interactive: bool = False,
    default: bool = False,
    empty: str = "",
    confirm: str = "",
    as_caller: bool = False,
    despite_lock: bool = False,
) -> Callable[[F], F]:
    """Mark a function `f(platform, …)` as an operation and return it unchanged.

    Positional parameters become arguments, keyword-only ones options. `confirm` asks for a
    keyword-only `force: bool = False`.
    """

    def mark(function: F) -> F:
        spelled = name or function.__name__.removesuffix("_").replace("_", "-")
        spec = OperationSpec(
            name=spelled,
            summary=summary,
            reads=reads,
            interactive=interactive,
            default=default,
            empty=empty,
            confirm=confirm,
            as_caller=as_caller,
            despite_lock=despite_lock,
        )
        function.__dict__["__operation__"] = spec
        return function

    return mark


def spec_of(function: object) -> OperationSpec | None:
    """Return what `@operation` said of `function`, or None when it is not one."""
    spec = getattr(function, "__operation__", None)
    return spec if isinstance(spec, OperationSpec) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A function in its place under a noun, with the parameters a caller gives."""

    noun: str
    spec: OperationSpec
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    bound: Mapping[str, str] = field(default_factory=dict)
    """Parameters that the place decides (the noun of `nginx set`); no caller sees them."""

    @property
    def title(self) -> str:
        """What a person types: `apps create`."""
        return f"{self.noun} {self.spec.name}".strip()

    @property
    def one_by_one(self) -> bool:
        """Whether it gives results as they come, and nothing at its end."""
        return "Feed[" in str(self.function.__annotations__.get("return", ""))

    def bind(
        self, raw: Mapping[str, str | bool | Sequence[str] | None], stdin: IO[bytes] | None = None
    ) -> dict[str, Any]:
        """Parse what a caller gave: parameter name -> text, texts, or on/off for a flag.

        What is missing, None or an empty sequence takes its default.

        Raises:
            UsageError: a value is wrong, missing, or belongs to no parameter.
        """
        unknown = raw.keys() - {parameter.name for parameter in self.parameters}
        if unknown:
            raise UsageError(f"{self.title} has no parameter {min(unknown)!a}.")
        values: dict[str, Any] = {}
        for parameter in self.parameters:
            given = raw.get(parameter.name)
            if parameter.kind == "stdin":
                values[parameter.name] = Stdin(stdin) if stdin is not None else parameter.default
            elif given is None or given in ((), []):
                if parameter.required:
                    raise UsageError(f"{self.title} needs {parameter.metavar}.")
                values[parameter.name] = parameter.default
            elif isinstance(given, bool):
                values[parameter.name] = given
            elif isinstance(given, str):
                value = parameter.convert(given)
                values[parameter.name] = [value] if parameter.many else value
            else:
                values[parameter.name] = [parameter.convert(text) for text in given]
        return values

    def needs_confirmation(self, values: Mapping[str, Any]) -> str:
        """Return the text that a person must type again before `run`, empty for none."""
        if not self.spec.confirm or values.get("force"):
            return ""
        return str(values[self.spec.confirm])

    def run(self, platform: Platform, values: Mapping[str, Any]) -> Any:
        """Call the function with values that came out of `bind`.

        Raises:
            Locked: it would change an app that somebody has locked.
            Refused: it destroys something and neither `force` nor a confirmation was given.
        """
        if not (self.spec.reads or self.spec.interactive or self.spec.despite_lock):
            for app in self._apps(values):
                platform.store.apps.refuse_locked(app)
        wanted = self.needs_confirmation(values)
        if wanted:
            raise Refused(
                f"{self.title} {wanted} cannot be undone.",
                hint=f"dokkupy {self.title} {wanted} --force",
            )
        return self.function(platform, **self.bound, **values)

    def _apps(self, values: Mapping[str, Any]) -> Iterator[str]:
        """Yield the apps that the caller names."""
        for parameter in self.parameters:
            given = values.get(parameter.name) if parameter.app else None
            yield from filter(None, given if parameter.many and given else [given])


def operations_of(module: object) -> dict[str, Callable[..., Any]]:
    """Return the operations that a module defines itself: attribute -> function."""
    return {
        attribute: function
        for attribute, function in vars(module).items()
        if spec_of(function) and function.__module__ == getattr(module, "__name__", "")
    }


def make_operation(
    noun: str, function: Callable[..., Any], bound: Mapping[str, str] | None = None
) -> Operation:
    """Put a decorated function in its place under `noun`.

    Raises:
        PluginError: it is not an operation, or its signature cannot be shown.
    """
    spec = spec_of(function)
    if spec is None:
        raise PluginError(f"{function.__module__}.{function.__qualname__} is not an operation.")
    hidden = bound or {}
    shown = parameters(function, hidden)
    return Operation(noun=noun, spec=spec, function=function, parameters=shown, bound=hidden)
