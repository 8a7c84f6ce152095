"""The stack plugin: base images for builds, pulled or bootstrapped."""
