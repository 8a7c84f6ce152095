"""The pytest plugin that gives tests their fixtures."""
