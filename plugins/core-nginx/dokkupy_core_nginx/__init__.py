"""The proxy plugin: an nginx owned by the root that routes traffic to apps."""
