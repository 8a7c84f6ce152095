"""Redis of the distribution's package, as the registry's image would be."""

from __future__ import annotations

from typing import Final

from dokkupy.services.server import Recipe

DISTRIBUTION: Final = Recipe(
    reference="dokkupy/redis:1",
    packages=("redis-server",),
    instructions=(
        "RUN install -d -o redis -g redis /data",
        "WORKDIR /data",
        "USER redis",
        "ENTRYPOINT []",
        'CMD ["redis-server"]',
        "EXPOSE 6379",
    ),
)
