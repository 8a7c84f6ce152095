"""The service kit: all that kinds of backing services have in common."""
