"""The static plugin: a folder of files goes live without a container."""
