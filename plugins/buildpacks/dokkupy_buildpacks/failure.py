"""Why a build failed, and what is likely to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from dokkupy.errors import BuildFailed

_MIB: Final = 1024 * 1024


def explain(header: Mapping[str, Any], code: int, app: str, tail: Iterable[str]) -> BuildFailed:
    """Return the error for what a build container said last."""
    output = "\n".join(tail)
    kind, pack = header.get("failed", ""), header.get("pack", "")
    if kind == "compile":
        return BuildFailed(
            f"The buildpack {pack} failed with exit code {header['code']}.",
            hint=_remedy(output, app),
            detail=output,
        )
    if kind == "not for it":
        return BuildFailed(
            f"The buildpack {pack} does not build this: its bin/detect says no.",
            hint=f"See which are set: dokkupy buildpacks list {app}",
            detail=output,
        )
    if kind == "no buildpack":
        return BuildFailed(
            f"{pack} is no buildpack: it has no bin/compile.",
            hint=f"See which are set: dokkupy buildpacks list {app}",
        )
    if kind in ("detect", "release"):
        return BuildFailed(
            f"bin/{kind} of the buildpack {pack} failed with exit code {header['code']}.",
            hint="Ask who made the buildpack.",
            detail=output,
        )
    return BuildFailed(
        f"The build ended with exit code {code} before it was done.",
        hint="See the last lines of its output; pushing again builds again.",
        detail=output,
    )


def out_of_memory(app: str, memory: int, tail: Iterable[str]) -> BuildFailed:
    """Return the error for a build that needed more memory than it may take."""
    return BuildFailed(
        f"The build needed more than the {memory // _MIB} MiB of memory that it may take.",
        hint=f"dokkupy builder-buildpacks set {app} build-memory 4g",
        detail="\n".join(tail),
    )


def out_of_time(app: str, seconds: int) -> BuildFailed:
    """Return the error for a build that did not come to an end."""
    return BuildFailed(
        f"The build was not done after {seconds} s.",
        hint=f"dokkupy builder-buildpacks set {app} build-timeout {2 * seconds}",
    )


def _remedy(output: str, app: str) -> str:
    if "curl: (28)" in output:
        return (
            "A download ran out of time; give downloads more of it: "
            f"dokkupy build-env set {app} CURL_TIMEOUT=1200"
        )
    if " !     " in output:
        return "Do what it says above, commit, and push again."
    return "Mend what its last lines name, commit, and push again."
