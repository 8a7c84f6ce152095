"""One thing that a server needs: looked at, made, and taken away again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

from dokkupy.host.finding import Finding


class Part(ABC):
    """A thing that a server needs; it knows nothing of before and finds out at each call.

    After `make` nothing that `look` gives is to do any more, so making twice changes nothing.
    """

    name: str

    @abstractmethod
    def look(self) -> Iterator[Finding]:
        """Give what is there and what is not; changes nothing."""

    def make(self) -> Iterable[str]:
        """Bring about what `look` calls to do; give the lines that are told meanwhile.

        Raises:
            DokkupyError: it does not succeed; to call it again goes on from there.
        """
        return ()

    def unmake(self) -> Iterable[str]:
        """Take away what `make` made and nothing else; give what is done, line by line.

        Raises:
            DokkupyError: it does not succeed; to call it again goes on from there.
        """
        return ()
