"""Free TCP ports of this machine."""

from __future__ import annotations

import socket
from contextlib import ExitStack


class Ports:
    """Hands out ports that were free a moment ago, and none twice.

    The kernel may give a port that was just closed to someone else; handing each out once keeps at least
    the processes of one run apart.
    """

    def __init__(self) -> None:
        self._given: set[int] = set()

    def take(self) -> int:
        """One free port on the loopback address."""
        with ExitStack() as held:
            while True:
                probe = held.enter_context(socket.socket())
                probe.bind(("127.0.0.1", 0))
                port: int = probe.getsockname()[1]
                if port not in self._given:
                    self._given.add(port)
                    return port
