"""The commands as Typer sees them: groups listed from the index, one command built when used."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from dokkupy.cli.arguments import COMMON, Given, merged, tidy, with_scope
from dokkupy.cli.lookup import Found, find, unknown
from dokkupy.cli.output import printable
from dokkupy.cli.perform import Settings, perform
from dokkupy.errors import UsageError
from dokkupy.index import Index, operation_of

if TYPE_CHECKING:
    from dokkupy.operations.registry import Operation, Parameter

LONGEST_MESSAGE = 300
"""Characters that Typer may take to explain what is wrong."""
HELP_OPTIONS = {"help_option_names": ["--help", "-h"]}
WRONG_USAGE: type[Exception] = typer.BadParameter.__bases__[0]
"""What Typer raises for words it cannot read; its home moved between Typer's releases."""

Perform = Callable[["Operation", Given], int]


def run_by_typer(index: Index, common: Mapping[str, str | bool], words: Sequence[str]) -> int:
    """Let Typer read the words: to help, to explain what is wrong, or to run the operation.

    Raises:
        UsageError: the words are wrong.
        DokkupyError: whatever the operation raises.
    """

    def go(operation: Operation, given: Given) -> int:
        return perform(operation, given, Settings.of(merged(common, given.common)))

    root = root_group(index, go)
    if not words:
        words = ["--help"]
    try:
        code = root.main(list(words), prog_name="dokkupy", standalone_mode=False)
    except WRONG_USAGE as error:
        context: Any = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "dokkupy"
        # It repeats the words, whatever they hold.
        message = printable(error.format_message().strip())  # type: ignore[attr-defined]
        if len(message) > LONGEST_MESSAGE:
            message = f"{message[:LONGEST_MESSAGE]}..."
        raise UsageError(message, hint=f"See how it is used: {path} --help") from None
    return code if isinstance(code, int) else 0


class Group(TyperGroup):
    """A group whose members are known by name and summary until one of them is used."""

    index: Index
    noun: str
    go: Perform

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's signature
        """Return the words that may follow."""
        verbs = sorted(self.index.commands.get(self.noun, {}))
        nouns = sorted(filter(None, self.index.commands)) if not self.noun else []
        return [*nouns, *verbs]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - Typer's signature
        """Return something to list: the word and its summary, nothing imported."""
        verbs = self.index.commands.get(self.noun, {})
        if cmd_name in verbs:
            return TyperCommand(cmd_name, help=verbs[cmd_name].summary)
        if not self.noun and cmd_name in self.index.commands:
            return noun_group(self.index, cmd_name, self.go)
        return None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ARG002 - as above
        """Return the command or group that the words mean, made real.

        Raises:
            UsageError: there is none.
        """
        words = [self.noun, *args] if self.noun else args
        found = find(self.index, words)
        if found is not None and not (found.by_default and not self._fits(found)):
            made = command_of(operation_of(self.index, found.command), self.go)
            name = found.command.name if self.noun else found.command.title
            return name, made, found.rest
        if not self.noun and args[0] and args[0] in self.index.commands:
            return args[0], noun_group(self.index, args[0], self.go), args[1:] or ["--help"]
        raise unknown(self.index, words)

    def _fits(self, found: Found) -> bool:
        """Whether the words after a noun can have been meant for its default command."""
        plain = [word for word in found.rest if not word.startswith("-")]
        takes = operation_of(self.index, found.command).parameters
        arguments = [item for item in takes if item.kind == "argument"]
        return bool(plain) and (len(plain) <= len(arguments) or any(a.many for a in arguments))


def root_group(index: Index, go: Perform) -> Group:
    """Return the group of all nouns and lone verbs."""
    return _group(index, "", go, "A self-hosted mini-Heroku: git push an app to your own server.")


def noun_group(index: Index, noun: str, go: Perform) -> Group:
    """Return the group of a noun's verbs."""
    verbs = index.commands[noun]
    return _group(index, noun, go, ", ".join(verbs))


def _group(index: Index, noun: str, go: Perform, text: str) -> Group:
    group = Group(
        name=noun or "dokkupy",
        help=text,
        rich_markup_mode=None,
        context_settings=HELP_OPTIONS,
        no_args_is_help=False,
        invoke_without_command=False,
        params=[_shown_option(item) for item in COMMON],
    )
    group.index, group.noun, group.go = index, noun, go
    return group


def _shown_option(item: Parameter) -> TyperOption:
    """Return a common option for a group's help; `leading` has taken the one that was typed."""
    metavar = None if item.flag else item.metavar
    return TyperOption(
        param_decls=[item.spelling], is_flag=item.flag, help=item.help, metavar=metavar
    )


def command_of(operation: Operation, go: Perform) -> Any:
    """Return the Typer command of an operation; values stay texts until `Operation.bind`."""
    shown = [item for item in operation.parameters if item.kind != "stdin"]
    by_name = {item.name: item for item in (*shown, *COMMON)}

    def callback(**typed: Any) -> int:
        given = Given()
        for name, value in typed.items():
            if value is None or value is False or value == []:
                continue
            parameter = by_name[name]
            kept = parameter.default is not True if parameter.flag else value
            where: dict[str, Any] = given.common if parameter in COMMON else given.values
            where[name] = kept
        return go(operation, tidy(operation.parameters, given))

    typed_parameters = [_typed(item) for item in by_name.values()]
    vars(callback)["__signature__"] = inspect.Signature(typed_parameters)
    callback.__annotations__ = {item.name: item.annotation for item in typed_parameters}

    class Scoped(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            return super().parse_args(ctx, with_scope(operation.parameters, args))

    settings = HELP_OPTIONS | {
        "allow_interspersed_args": not any(item.verbatim for item in operation.parameters)
    }
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(
        operation.spec.name,
        cls=Scoped,
        help=f"{operation.spec.summary}.\n\n{_long_help(operation)}",
        context_settings=settings,
    )(callback)
    return typer.main.get_command(app)


def _long_help(operation: Operation) -> str:
    text = inspect.getdoc(operation.function) or ""
    return text.partition("\n\nRaises:")[0]


def _typed(item: Parameter) -> inspect.Parameter:
    """Return a parameter of plain text or on/off for Typer."""
    annotation: Any
    default: Any = inspect.Parameter.empty
    if item.kind == "argument":
        kind = list[str] if item.many else str
        annotation = Annotated[kind, typer.Argument(metavar=item.metavar, help=item.help)]
        default = inspect.Parameter.empty if item.required else None
    elif item.flag:
        spelled = [item.spelling, *([f"-{item.short}"] if item.short else [])]
        annotation = Annotated[bool, typer.Option(*spelled, help=item.help)]
        default = False
    else:
        spelled = [item.spelling, *([f"-{item.short}"] if item.short else [])]
        kind = list[str] if item.many else str
        option = typer.Option(*spelled, metavar=item.metavar, help=_with_default(item))
        annotation = Annotated[kind, option]
        default = inspect.Parameter.empty if item.required else None
    return inspect.Parameter(
        item.name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
    )


def _with_default(item: Parameter) -> str:
    if item.required or item.default in (None, "", (), []):
        return item.help
    return f"{item.help} [default: {item.default}]".strip()
