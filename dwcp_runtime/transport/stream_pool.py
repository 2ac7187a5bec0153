"""How the transfers of one agent share its streams. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class StreamPool:
    """Streams of all transfers of an agent together: never more than `maximum`, and `minimum` even when the
    agent is short of memory (`amst.minStreams` and `amst.maxStreams`).

    Every transfer has at least one stream, so at most `capacity` transfers can be in. Beyond that the streams
    are shared max-min fairly: nobody gets more than he wants, and who wants more than his neighbour gets at
    most one more while that neighbour is left wanting.
    """

    minimum: int
    maximum: int
    _capacity: int = field(init=False)
    _wanted: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.resize(minimum=self.minimum, maximum=self.maximum)

    @property
    def capacity(self) -> int:
        """Streams there may be now."""
        return self._capacity

    def resize(self, *, minimum: int, maximum: int) -> None:
        """Take other bounds. Transfers that are in stay in, also where they are more than `maximum` now."""
        if not 1 <= minimum <= maximum:
            raise ValueError(f"a pool of {minimum} to {maximum} streams: need 1 <= minimum <= maximum")
        self.minimum, self.maximum = minimum, maximum
        self._capacity = max(maximum, len(self._wanted))

    def bear(self, streams: int) -> None:
        """Say how many streams the agent can bear now. Transfers that are in stay in, with one at least."""
        self._capacity = max(self.minimum, len(self._wanted), min(self.maximum, streams))

    def join(self, transfer: str, wanted: int = 1) -> bool:
        """Let a transfer in; False if every stream is somebody's only one. Joining again is no change."""
        if transfer in self._wanted:
            return True
        if len(self._wanted) >= self._capacity:
            return False
        self._wanted[transfer] = max(1, wanted)
        return True

    def want(self, transfer: str, streams: int) -> None:
        """What a transfer that is in would like; KeyError for one that is not."""
        if transfer not in self._wanted:
            raise KeyError(transfer)
        self._wanted[transfer] = max(1, streams)

    def leave(self, transfer: str) -> None:
        """A transfer ended. Repeatable."""
        self._wanted.pop(transfer, None)

    def shares(self) -> dict[str, int]:
        """Streams of each transfer now. Earlier ones come first where the last streams cannot be halved."""
        return self._divide(self._wanted)

    def room(self, transfer: str) -> int:
        """What a transfer would get if it wanted everything: the bound for its controller."""
        if transfer not in self._wanted:
            raise KeyError(transfer)
        return self._divide({**self._wanted, transfer: self._capacity})[transfer]

    def _divide(self, wanted: dict[str, int]) -> dict[str, int]:
        shares: dict[str, int] = {}
        left, waiting = self._capacity, len(wanted)
        # Who wants least is served first; what he leaves is for the others.
        for transfer in sorted(wanted, key=lambda transfer: wanted[transfer]):
            if wanted[transfer] * waiting > left:
                break
            shares[transfer] = wanted[transfer]
            left -= wanted[transfer]
            waiting -= 1
        level, more = divmod(left, waiting) if waiting else (0, 0)
        for transfer in wanted:
            if transfer not in shares:
                shares[transfer] = level + (more > 0)
                more -= 1
        return {transfer: shares[transfer] for transfer in wanted}
