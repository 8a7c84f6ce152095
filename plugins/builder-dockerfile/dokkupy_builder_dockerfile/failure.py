"""Why a build failed: which step, and what is likely to mend it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Final

from dokkupy.errors import BuildFailed
from dokkupy.names import AppName

_CLASSIC_STEP: Final = re.compile(r"Step (\d+)/(\d+) : (.+)")
_BUILDKIT_STEP: Final = re.compile(r"#(\d+) \[(?:\S+ )??(\d+)/(\d+)\] (.+)")
_BUILDKIT_END: Final = re.compile(r"#(\d+) ERROR: (.+)")
_CODE: Final = re.compile(r"(?:returned a non-zero code|exit code): (\d+)")
_TAIL_LINES: Final = 20


class Trace:
    """Passes the lines of a build on and remembers at which step it is."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._steps: dict[str, str] = {}
        self.step = ""
        """`step 3 of 5, RUN make`; empty before the first."""
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        """The last lines of that step."""

    def __call__(self, line: str) -> None:
        """Take one line of output."""
        self._on_line(line)
        if match := _CLASSIC_STEP.fullmatch(line):
            self._begin(_described(*match.groups()))
        elif match := _BUILDKIT_STEP.fullmatch(line):
            self._steps[match[1]] = _described(match[2], match[3], match[4])
            self._begin(self._steps[match[1]])
        elif match := _BUILDKIT_END.fullmatch(line):
            # BuildKit runs steps side by side: the one that failed is not always the newest.
            self.step = self._steps.get(match[1], self.step)
            self.tail.append(line)
        elif not line.startswith(" ---> "):
            self.tail.append(line)

    def _begin(self, step: str) -> None:
        self.step = step
        self.tail.clear()


def explain(error: BuildFailed, trace: Trace, app: AppName) -> BuildFailed:
    """Return `error` with the step that failed, its last output, and the likeliest remedy."""
    output = "\n".join(trace.tail) or error.detail
    where = f"The build failed at {trace.step}" if trace.step else "The build failed"
    code = _CODE.search(f"{error.message}\n{output}")
    instruction = trace.step.partition(", ")[2]
    said = error.message.rstrip(".").removesuffix(f": {instruction}")
    reason = f"exit code {code[1]}" if code else said
    killed = bool(code and code[1] == "137") or "memory" in error.message
    return BuildFailed(
        f"{where}: {reason}.",
        hint=_more_memory(app) if killed else error.hint or _remedy(trace.step, code, output, app),
        detail=output,
    )


def _described(number: str, total: str, instruction: str) -> str:
    text = instruction if len(instruction) <= 100 else instruction[:97] + "..."
    return f"step {number} of {total}, {text}"


def _more_memory(app: AppName) -> str:
    return (
        "If it needs more memory than builds get: "
        f"dokkupy builder-dockerfile set {app} build-memory 4g"
    )


def _remedy(step: str, code: re.Match[str] | None, output: str, app: AppName) -> str:
    number = code[1] if code else ""
    if number == "127":
        return "A command is not in the image: install it in an earlier step, or change FROM."
    if number == "28" or "curl: (28)" in output:
        return (
            "A download ran out of time; with `ARG CURL_TIMEOUT` in the Dockerfile and "
            f"curl's --max-time, raise it: dokkupy build-env set {app} CURL_TIMEOUT=1200"
        )
    if re.search(r"step \d+ of \d+, (?:COPY|ADD) ", step):
        return "The file must be committed, inside what is built, and not in .dockerignore."
    return "Mend that step of the Dockerfile, commit, and push again."
