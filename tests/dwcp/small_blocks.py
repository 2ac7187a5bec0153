"""`dwcp` with the smallest blocks that the protocol knows, and a receiver that counts its data streams: a
program for tests that need many streams and little memory."""

from __future__ import annotations

import sys

from dwcp_runtime.transport import limits

limits.DEFAULT_BLOCK = limits.MIN_BLOCK  # type: ignore[misc]

from dwcp_runtime.cli import dwcp  # noqa: E402 - what takes over the size of blocks comes behind it

if sys.argv[1] == "receive":
    from dwcp_runtime.transport import receiver
    from dwcp_runtime.transport.frames import Attach
    from dwcp_runtime.transport.link import Link

    class Counting(receiver.Receiver):
        """Says at its end how many streams were in transfers at once."""

        _now = 0
        _most = 0

        async def _attach(self, link: Link, attach: Attach) -> None:
            self._now += 1
            self._most = max(self._most, self._now)
            try:
                await super()._attach(link, attach)
            finally:
                self._now -= 1

        def close(self) -> None:
            print(f"streams at once: {self._most}", file=sys.stderr)
            super().close()

    receiver.Receiver = Counting  # type: ignore[misc]

raise SystemExit(dwcp.main())
