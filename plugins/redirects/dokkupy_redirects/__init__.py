"""The redirects plugin: hosts of an app that lead to another host."""
