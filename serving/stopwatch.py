"""Where the time of one decision goes.

Takes: the names of stages as they begin and end. Gives: milliseconds by stage, and since the start.
Does not: know which stages there are.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Starts when it is made. A stage that runs twice adds up."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.stages_ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside `with`, also when it fails."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.stages_ms[name] = self.stages_ms.get(name, 0.0) + (time.perf_counter() - begun) * 1000

    def mark(self, name: str) -> None:
        """Record the time since the start under `name`."""
        self.stages_ms[name] = self.since_start_ms()

    def since_start_ms(self) -> float:
        """Milliseconds since the stopwatch was made."""
        return (time.perf_counter() - self._started) * 1000

    def until_s(self, limit_ms: int | None) -> float | None:
        """Seconds left until `limit_ms` after the start, never below zero; None without a limit."""
        return None if limit_ms is None else max(0.0, (limit_ms - self.since_start_ms()) / 1000)

    def rounded_ms(self) -> dict[str, float]:
        """The stages so far, to the microsecond."""
        return {name: round(took, 3) for name, took in self.stages_ms.items()}
