#!/bin/sh
set -u
exec python -m http.server --directory "$SITE_FOLDER" "$PORT"
