"""What the gateway asks of a text generator, and what it gets back.

Takes: prompts as token ids, never text: the caller made them so that case text cannot be a special token.
Gives: label log-probabilities, or a stream of text deltas with token counts.
Does not: render prompts, parse documents, calibrate, limit how many requests are in flight.
"""

import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cases.verdict import Verdict


@dataclass(frozen=True, slots=True)
class LabelLogprobs:
    """Natural log-probabilities of the three labels' first tokens after the decide prompt (not renormalised).

    `cached_tokens` of the `prompt_tokens` came from the engine's prefix cache. One token was generated.
    """

    logprobs: Mapping[Verdict, float]
    prompt_tokens: int
    cached_tokens: int = 0

    @property
    def label_mass(self) -> float:
        """Summed probability of the three labels, 0 to 1: low means that the model is lost."""
        return min(1.0, math.fsum(math.exp(value) for value in self.logprobs.values()))


class FinishReason(StrEnum):
    """Why a generation ended."""

    STOP = "stop"  # the model (or the grammar) ended the document
    LENGTH = "length"  # the token limit came first: the document is cut


@dataclass(frozen=True, slots=True)
class Usage:
    """The engine's own token counts of one finished generation."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of generated text.

    `tokens`: tokens that this piece stands for; their sum over a stream is all tokens so far. The last
    delta of a stream that ended by itself carries `finish_reason` and `usage`; its text may be empty.
    """

    text: str
    tokens: int
    finish_reason: FinishReason | None = None
    usage: Usage | None = None


class EngineState(StrEnum):
    """Life of an engine as the gateway sees it."""

    STARTING = "starting"
    READY = "ready"
    DOWN = "down"  # did not answer, or died; a restart may be under way
    STOPPED = "stopped"  # closed by us, will not come back


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """State with a sentence for `/readyz`; never holds case text."""

    state: EngineState
    message: str = ""

    @property
    def ready(self) -> bool:
        """Whether the engine answers requests now."""
        return self.state is EngineState.READY


class Engine(Protocol):
    """A text generator.

    Every call raises `EngineUnavailable` (refused, died, answered an error or nonsense) or `EngineTimeout`
    (its own transport limit; the caller's deadline is the caller's). Leaving a stream early, closing it or
    cancelling the task that waits on a call ends the work in the engine. Close iterators with
    `contextlib.aclosing`: an abandoned one ends only when it is collected.
    """

    async def decide(self, prompt_ids: Sequence[int], *, request_id: str) -> LabelLogprobs:
        """Log-probabilities of the labels as the token after `prompt_ids`; generates exactly one token."""
        ...

    def explain(
        self, ids: Sequence[int], verdict: Verdict, *, request_id: str
    ) -> AsyncGenerator[Delta, None]:
        """Greedy explanation after `ids` (decide prompt + `explain_prefix_ids(verdict)`) under its grammar.

        Runs behind every waiting decide. The text starts right after `<decision_factors>`.
        """
        ...

    def generate(
        self,
        ids: Sequence[int],
        *,
        temperature: float,
        seed: int | None,
        request_id: str,
        constrained: bool = True,
    ) -> AsyncGenerator[Delta, None]:
        """The whole document in one stream after `ids` (the decide prompt), from right after `<verdict>` on.

        `constrained=False` leaves the grammar out (for measuring what it is worth).
        """
        ...

    async def warm(self, prompt_ids: Sequence[int]) -> None:
        """Send one request of each kind, so that no user pays for compiling a grammar.

        `prompt_ids`: any rendered decide prompt; its static part is in the prefix cache afterwards.
        """
        ...

    async def health(self) -> EngineHealth:
        """Ask the engine whether it can serve. Does not raise."""
        ...

    async def close(self) -> None:
        """Free connections (and the process, where the engine owns one). May be called twice."""
        ...
