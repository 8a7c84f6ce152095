"""The Dockerfile builder plugin: turns a source with a Dockerfile into an image."""
