"""The maintenance plugin: a page for visitors while somebody works on an app."""
