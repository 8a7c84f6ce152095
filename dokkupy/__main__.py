"""`python -m dokkupy` is `dokkupy`."""

from __future__ import annotations

import sys

from dokkupy.cli.main import main

sys.exit(main())
