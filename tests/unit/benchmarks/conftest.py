"""Makes the benchmarks importable: they are run from the repository and never installed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "benchmarks"

if "benchmarks" not in sys.modules:
    # Not by way of sys.path: the folder beside it would hide the dokkupy that is installed.
    spec = importlib.util.spec_from_file_location(
        "benchmarks", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["benchmarks"] = package
    spec.loader.exec_module(package)
