"""Runs pip, from wherever this Python has it: a package, or the wheel that ensurepip keeps."""

import glob
import runpy
import sys
from importlib.util import find_spec

if find_spec("pip") is None:
    import ensurepip

    folder = ensurepip.__path__[0] + "/_bundled"
    wheels = glob.glob("/usr/share/python-wheels/pip-*.whl") + glob.glob(folder + "/pip-*.whl")
    if not wheels:
        sys.exit(" !     This stack's Python has no pip.")
    sys.path.insert(0, wheels[0])
runpy.run_module("pip", run_name="__main__", alter_sys=True)
