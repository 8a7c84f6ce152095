"""Make the base images that the tests build on; what the engine already has costs nothing."""

from __future__ import annotations

import sys

from dokkupy.engine_docker import DockerEngine
from dokkupy.errors import DokkupyError
from dokkupy_stack.provider import Provider
from dokkupy_stack.stacks import STACKS


def main() -> None:
    """Make every stack, telling how it goes."""
    provider = Provider.here(DockerEngine(), lambda line: print(f"   {line}", flush=True))
    for stack in STACKS.values():
        try:
            print(f"   {provider.ensure(stack).reference}", flush=True)
        except DokkupyError as error:
            sys.exit(f"{error.message}\n{error.detail}\n{error.hint}")


if __name__ == "__main__":
    main()
