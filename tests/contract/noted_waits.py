"""What a client waits for, without waiting.

Takes: what happens instead of a wait, if anything. Gives: the list of waits. Does not: sleep.
"""

from collections.abc import Awaitable, Callable


class Waits(list[float]):
    """The waits asked for, in seconds; `instead` runs in the place of each."""

    def __init__(self, instead: Callable[[], Awaitable[None]] | None = None) -> None:
        super().__init__()
        self._instead = instead

    async def __call__(self, seconds: float) -> None:
        """Note a wait."""
        self.append(seconds)
        if self._instead is not None:
            await self._instead()
