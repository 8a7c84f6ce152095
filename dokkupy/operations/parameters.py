"""The parameters of an operation: read from its signature, parsed from text."""

from __future__ import annotations

import inspect
import math
import re
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import NoneType, SimpleNamespace, UnionType
from typing import IO, Annotated, Any, Final, Literal, Self, Union

from dokkupy.errors import PluginError, UsageError
from dokkupy.names import AppName, EnvKey, Scope
from dokkupy.remote import is_far


@dataclass(frozen=True, slots=True)
class Help:
    """What a parameter is for: `Annotated[int, Help("Lines to show", short="n")]`."""

    text: str
    short: str = ""
    """One letter for an option: `n` gives `-n` beside the long spelling."""


class Verbatim(Help):
    """Help for a last `list[str]` that takes every remaining word as it is, options included."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One `KEY=VALUE` pair; the value never shows in a repr."""

    key: EnvKey
    value: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split at the first `=`.

        Raises:
            UsageError: there is no `=`, or the key is not an environment key. What may be a
                secret is not repeated in the message.
        """
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError("A pair has no '='.", hint="Write it as KEY=VALUE.")
        if "\0" in value:
            raise UsageError(
                f"The value of {key[:80]!a} holds a NUL character.",
                hint="Encode it as text, with base64 for example.",
            )
        return cls(EnvKey.parse(key), value)


@dataclass(frozen=True, slots=True)
class Stdin:
    """A parameter of this type is not typed by anybody: it is the binary stream of the surface."""

    stream: IO[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One thing a caller gives to an operation, as its signature declares it."""

    name: str
    """As in Python."""
    kind: Literal["argument", "option", "stdin"]
    type: Any
    """Type of one value, without `| None`, `list[…]` and `Annotated`."""
    many: bool
    required: bool
    default: object
    help: str = ""
    short: str = ""
    verbatim: bool = False

    @property
    def flag(self) -> bool:
        """Whether it is an option that takes no value."""
        return self.kind == "option" and self.type is bool

    @property
    def scope(self) -> bool:
        """Whether `--global` may stand in its place."""
        return self.type is Scope

    @property
    def app(self) -> bool:
        """Whether it names an app, for completion."""
        return self.type is AppName or self.type is Scope

    @property
    def spelling(self) -> str:
        """The long option: `--no-restart` for a flag that is on unless switched off."""
        dashed = self.name.strip("_").replace("_", "-")
        return f"--no-{dashed}" if self.flag and self.default is True else f"--{dashed}"

    @property
    def metavar(self) -> str:
        """How its value is shown in help."""
        if self.scope:
            return "APP|--global"
        if self.app:
            return "APP"
        if self.type is KeyValue:
            return "KEY=VALUE"
        return "|".join(self.choices) or self.name.strip("_").replace("_", "-").upper()

    @property
    def choices(self) -> tuple[str, ...]:
        """The only texts allowed, empty for any."""
        if typing.get_origin(self.type) is Literal:
            return tuple(str(choice) for choice in typing.get_args(self.type))
        if isinstance(self.type, type) and issubclass(self.type, Enum):
            return tuple(str(member.value) for member in self.type)
        return ()

    def convert(self, text: str) -> Any:
        """Return the value that `text` stands for.

        Raises:
            UsageError: it stands for none.
        """
        plain = self.name.strip("_").replace("_", "-").upper() if self.choices else self.metavar
        return convert(self.type, text, self.spelling if self.kind == "option" else plain)


TRUE: Final = frozenset({"true", "yes", "on", "1"})
FALSE: Final = frozenset({"false", "no", "off", "0"})
LARGEST: Final = 2**63 - 1
"""The largest whole number; what is larger, no store and few programs can hold."""
_INTEGER: Final = re.compile(r"-?[0-9]{1,19}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,3})?")


def convert(kind: Any, text: str, label: str) -> Any:
    """Return `text` as a value of the type `kind`; `label` names it in the message.

    Raises:
        UsageError: it is none.
    """
    if not _is_unicode(text):
        raise UsageError(f"{label} is not valid UTF-8.", hint="Send it in UTF-8.")
    parse = getattr(kind, "parse", None) or _READERS.get(kind)
    try:
        if parse is not None:
            return parse(text)
        if typing.get_origin(kind) is Literal:
            return {str(choice): choice for choice in typing.get_args(kind)}[text]
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {str(member.value): member for member in kind}[text]
        return kind(text)
    except KeyError:
        allowed = Parameter(
            name=label, kind="option", type=kind, many=False, required=True, default=None
        ).choices
        raise UsageError(
            f"{label} cannot be {text[:80]!a}.", hint=f"Use one of: {', '.join(allowed)}."
        ) from None
    except ValueError as error:
        wanted = {int: "a whole number", float: "a number", bool: "true or false"}
        reason = f"it is not {wanted[kind]}" if kind in wanted else str(error)
        raise UsageError(f"{label} cannot be {text[:80]!a}: {reason}.") from None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _integer(text: str) -> int:
    """Read a number as JSON writes it; Python's own reading takes blanks, lines and any script."""
    if not _INTEGER.fullmatch(text) or abs(int(text)) > LARGEST:
        raise ValueError(text)
    return int(text)


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError(text)
    return float(text)


def _boolean(text: str) -> bool:
    if text.lower() in TRUE:
        return True
    if text.lower() in FALSE:
        return False
    raise ValueError("use true or false")


def _path(text: str) -> Path:
    """Read a path that a file can have on Linux (NAME_MAX, PATH_MAX), of who is on this machine."""
    if is_far():
        raise ValueError("a file of the server cannot be named from afar; send it: ssh … < FILE")
    longest = max(len(part.encode()) for part in text.split("/"))
    if "\0" in text or longest > 255 or len(text.encode()) > 4095:
        raise ValueError("no file can have that name")
    return Path(text)


_READERS: Final[Mapping[Any, Callable[[str], Any]]] = {
    bool: _boolean,
    int: _integer,
    float: _number,
    Path: _path,
}


def parameters(function: Callable[..., Any], hidden: Collection[str] = ()) -> tuple[Parameter, ...]:
    """Read the parameters of an operation from its signature, without the platform and `hidden`.

    Raises:
        PluginError: the signature cannot be read, or has a shape that no surface can show.
    """
    signature = list(inspect.signature(function).parameters.values())[1:]
    declared = [parameter for parameter in signature if parameter.name not in hidden]
    where = f"{function.__module__}.{function.__qualname__}"
    wanted = {
        name: annotation
        for name, annotation in function.__annotations__.items()
        if name in {parameter.name for parameter in declared}
    }
    try:
        hints = typing.get_type_hints(
            SimpleNamespace(__annotations__=wanted),
            globalns=function.__globals__,
            include_extras=True,
        )
    except NameError as error:
        raise PluginError(
            f"The operation {where} has a type that cannot be resolved: {error}.",
            hint="Import the types of its parameters outside TYPE_CHECKING.",
        ) from None
    found = tuple(_parameter(item, hints.get(item.name, str), where) for item in declared)
    for place, item in enumerate(found):
        arguments_after = any(other.kind == "argument" for other in found[place + 1 :])
        if (item.scope and place > 0) or (item.verbatim and arguments_after):
            raise PluginError(
                f"The operation {where} has its parameter {item.name} out of place.",
                hint="A Scope comes first, a Verbatim list last.",
            )
    return found


def _parameter(item: inspect.Parameter, hint: Any, where: str) -> Parameter:
    if item.kind in (item.VAR_POSITIONAL, item.VAR_KEYWORD):
        raise PluginError(f"The operation {where} must name every parameter, not *{item.name}.")
    required = item.default is item.empty
    base, notes = _unwrap(hint)
    many = typing.get_origin(base) in (list, tuple, Sequence)
    if many:
        base, inner = _unwrap(typing.get_args(base)[0])
        notes = notes or inner
    kind: Literal["argument", "option", "stdin"] = "argument"
    if base is Stdin:
        kind = "stdin"
    elif item.kind is item.KEYWORD_ONLY:
        kind = "option"
    return Parameter(
        name=item.name,
        kind=kind,
        type=base,
        many=many,
        required=required,
        default=None if required else item.default,
        help=notes.text if notes else "",
        short=notes.short if notes else "",
        verbatim=isinstance(notes, Verbatim),
    )


def _unwrap(hint: Any) -> tuple[Any, Help | None]:
    """Take `Annotated` and `| None` off a type; return it with its help."""
    notes: Help | None = None
    if typing.get_origin(hint) is Annotated:
        notes = next((extra for extra in hint.__metadata__ if isinstance(extra, Help)), None)
        hint = typing.get_args(hint)[0]
    if typing.get_origin(hint) in (Union, UnionType):
        left = [kind for kind in typing.get_args(hint) if kind is not NoneType]
        if len(left) == 1:
            hint, inner = _unwrap(left[0])
            notes = notes or inner
    return hint, notes
