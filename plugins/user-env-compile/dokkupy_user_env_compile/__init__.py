"""The build environment plugin: variables that exist during builds only."""
