"""Putting plugins into the running Python environment and taking them out, whole or not at all."""
