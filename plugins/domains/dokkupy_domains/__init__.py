"""The domains plugin: the host names that every app answers to."""
