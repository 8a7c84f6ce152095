"""The redis plugin: Redis services, persistent or as a cache."""
