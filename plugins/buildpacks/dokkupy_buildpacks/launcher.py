"""How a process of an app starts: with what its buildpacks have put into `.profile.d`."""

from __future__ import annotations

from typing import Final

PATH: Final = "/usr/local/bin/dokkupy-launch"

SCRIPT: Final = """\
#!/bin/bash
# Starts a process of an app in the environment that its buildpacks have prepared.
export HOME=/app
cd /app || exit 1
for profile in /app/.profile.d/*.sh /app/.profile; do
  [[ -r $profile ]] && . "$profile"
done
unset profile
exec "$@"
"""
