"""`completion`: the script that makes a shell complete dokkupy's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal

from dokkupy.operations.registry import Help, operation

if TYPE_CHECKING:
    from dokkupy.platform import Platform

BASH: Final = """\
_dokkupy() {
    # The line is split here and not by bash, which would part apps:create at the colon.
    local line=${COMP_LINE:0:COMP_POINT} words candidate value strip=
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    local current=${words[-1]}
    [[ $current == *:* && $COMP_WORDBREAKS == *:* ]] && strip=${current%"${current##*:}"}
    COMPREPLY=()
    while IFS=$'\\t' read -r value candidate; do
        COMPREPLY+=("${value#"$strip"}")
    done < <(_DOKKUPY_COMPLETE=1 "${words[0]}" "${words[@]:1}" 2>/dev/null)
}
complete -F _dokkupy dokkupy
"""

ZSH: Final = """\
#compdef dokkupy
_dokkupy() {
    local -a found
    local value text
    while IFS=$'\\t' read -r value text; do
        found+=("${value//:/\\\\:}:$text")
    done < <(_DOKKUPY_COMPLETE=1 "${words[1]}" "${(@)words[2,CURRENT]}" 2>/dev/null)
    _describe dokkupy found
}
compdef _dokkupy dokkupy
"""

FISH: Final = """\
function __dokkupy_complete
    set -l words (commandline -opc)
    _DOKKUPY_COMPLETE=1 $words[1] $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c dokkupy -f -a '(__dokkupy_complete)'
"""

SCRIPTS: Final = {"bash": BASH, "zsh": ZSH, "fish": FISH}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionScript:
    """The text that a shell reads once."""

    shell: str
    script: str

    def text(self) -> str:
        """Return the script itself, for `source <(dokkupy completion bash)`."""
        return self.script.rstrip("\n")


@operation(summary="Print the completion script of a shell", reads=True, default=True)
def show(
    platform: Platform,  # noqa: ARG001 - every operation takes it
    shell: Annotated[Literal["bash", "zsh", "fish"], Help("The shell that shall complete")],
) -> CompletionScript:
    """Print a script for bash, zsh or fish.

    bash: add `source <(dokkupy completion bash)` to ~/.bashrc. zsh: write it to a file
    `_dokkupy` in a folder of $fpath. fish: write it to
    ~/.config/fish/completions/dokkupy.fish.
    """
    return CompletionScript(shell=shell, script=SCRIPTS[shell])
