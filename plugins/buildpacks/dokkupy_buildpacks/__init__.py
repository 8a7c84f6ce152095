"""The buildpacks plugin: classic buildpacks, unmodified, in capped containers."""
