"""What runs once in the new image before any traffic moves: migrations, usually."""

import os
import sys

if os.environ.get("FAIL") == "release":
    sys.exit("release: failing because FAIL=release")
print("release: nothing to migrate", flush=True)
