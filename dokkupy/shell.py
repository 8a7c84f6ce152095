"""Shell command lines, and how the program that they start gets the signals meant for it."""

from __future__ import annotations

import re
from typing import Final

SHELL: Final = ("sh", "-c")

_ASSIGNMENTS: Final = re.compile(r"(?:[A-Za-z_]\w*=[\w./:@%+,-]*[ \t]+)*")
_FIRST_WORD: Final = re.compile(r"""["'\w./$~{}-]+(?=[ \t]|$)""")
_PLAIN_WORD: Final = re.compile(r"[\w./+-]+(?=[ \t]|$)")
_PLAIN_SUBSTITUTION: Final = re.compile(r"\$\([\w ./-]*\)")
_QUOTED: Final = re.compile(r"""'[^']*'|"(?:[^"\\`$]|\\.|\$(?!\())*\"""")
_ESCAPED: Final = re.compile(r"\\[^\n]")
_OPERATORS: Final = re.compile(r"""[;&|()`'"\\\n#]""")
"""What is left of these, once quoted text is taken out, can make a line more than one command."""

_OF_THE_SHELL: Final = re.compile(
    r"[!.:{}]|\[\[|alias|bg|break|case|cd|command|continue|do|done|elif|else|esac|eval|exec|exit"
    r"|export|fc|fg|fi|for|function|getopts|hash|if|in|jobs|local|read|readonly|return|select|set"
    r"|shift|source|then|times?|trap|type|ulimit|umask|unalias|unset|until|wait|while"
)
"""First words that are no program: keywords and builtins of sh."""


def of_line(line: str) -> tuple[str, ...]:
    """Return the argument list of a command line, which is shell by convention."""
    return (*SHELL, line)


def giving_way(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the same command with a shell that becomes the program, when there is only one.

    Debian's sh stays and waits for the program. SIGTERM then ends the shell, and with it the
    container, before the program can finish what it is doing. A line that is more than one
    command stays as it is: `exec` in front of its last one does the same.
    """
    if len(command) != 3 or command[:2] != SHELL:
        return command
    line = command[2].strip()
    assignments = _ASSIGNMENTS.match(line)
    rest = line[assignments.end() :] if assignments else line
    first = _FIRST_WORD.match(rest)
    if first is None or _OF_THE_SHELL.fullmatch(first[0]) or not _is_one_command(rest):
        return command
    return of_line(f"{line.removesuffix(rest)}exec {rest}")


def program_of(command: tuple[str, ...]) -> str:
    """Return the word for the program that a command starts; empty when none is certain."""
    if len(command) != 3 or command[:2] != SHELL:
        return command[0] if command else ""
    line = command[2].strip()
    assignments = _ASSIGNMENTS.match(line)
    rest = (line[assignments.end() :] if assignments else line).removeprefix("exec ").lstrip()
    word = _PLAIN_WORD.match(rest)
    if word is None or _OF_THE_SHELL.fullmatch(word[0]) or not _is_one_command(rest):
        return ""
    return word[0]


def _is_one_command(line: str) -> bool:
    bare = _PLAIN_SUBSTITUTION.sub("", line)
    bare = _QUOTED.sub("", bare)
    return not _OPERATORS.search(_ESCAPED.sub("", bare))
