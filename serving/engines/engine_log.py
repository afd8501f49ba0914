"""What vLLM's own log says: how far the start is, and why it failed.

Takes: log lines. Gives: load phases for a progress display, the one line that names the cause of a failed start.
Does not: read files, watch processes, or know how vLLM is started.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class LoadPhase(StrEnum):
    """Steps of a start, in order; the value is what a person reads."""

    IMPORT = "importing vLLM"
    CONFIG = "reading the model's configuration"
    CORE = "starting the engine core"
    WEIGHTS = "loading the weights"
    CACHE = "reserving the key-value cache"
    SERVER = "starting its HTTP server"
    WARM = "warming up prompts and grammars"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """One step of a start; `step` of `steps` counts from 1, `elapsed_s` from the start of the process."""

    phase: LoadPhase
    elapsed_s: float

    @property
    def step(self) -> int:
        """Which step this is, from 1."""
        return list(LoadPhase).index(self.phase) + 1

    @property
    def steps(self) -> int:
        """How many steps a start has."""
        return len(LoadPhase)


# The first words of the line that vLLM 0.32 writes when a step begins. A line that a later version words otherwise
# only makes the display skip a step.
_BEGINS: Final[tuple[tuple[str, LoadPhase], ...]] = (
    ("non-default args", LoadPhase.CONFIG),
    ("Resolved architecture", LoadPhase.CORE),
    ("Starting to load model", LoadPhase.WEIGHTS),
    ("Loading weights took", LoadPhase.CACHE),
    ("init engine", LoadPhase.SERVER),
)

_PREFIX: Final = re.compile(
    r"^(?:\([^)]*pid=\d+\)\s*)?(?:(?:DEBUG|INFO|WARNING|ERROR|CRITICAL) [\d-]+ [\d:]+ \[[^\]]*\]\s*)?"
)
_ERROR: Final = re.compile(r"^(?:[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt)|error|.*: error)(?::|$)")
# vLLM's outer processes repeat that an inner one failed; the inner one said why.
_ECHO: Final = re.compile(r"See root cause above|initialization failed|DeprecationWarning|FutureWarning")


def phase_of(line: str) -> LoadPhase | None:
    """The step that begins with this log line, if any."""
    return next((phase for words, phase in _BEGINS if words in line), None)


def last_error_line(log: str) -> str | None:
    """The last line that names an error and not only that another process failed, without vLLM's line prefix.

    Falls back to the last echo, then to the last line that is not empty; None for an empty log.
    """
    lines = [_PREFIX.sub("", line).strip() for line in log.splitlines()]
    errors = [line for line in lines if _ERROR.match(line)]
    causes = [line for line in errors if not _ECHO.search(line)]
    for found in (causes, errors, [line for line in lines if line]):
        if found:
            return found[-1][:500]
    return None
