"""An engine that replays a script: for tests of endings and faults, never for the demo.

Takes: a `Scenario`, the steps that each kind of request goes through. Gives: the `Engine` protocol, and a record of the
calls with how each ended. Does not: generate anything, or open a connection.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum

from cases.errors import EngineError, EngineTimeout, EngineUnavailable
from cases.verdict import VERDICTS, Verdict
from serving.engines.base import Delta, EngineHealth, EngineState, FinishReason, LabelLogprobs, Usage


@dataclass(frozen=True, slots=True)
class Say:
    """A delta."""

    text: str
    tokens: int = 1


@dataclass(frozen=True, slots=True)
class Wait:
    """A delay."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Gate:
    """A halt until a test sets the event: how a test holds a request at a known place without sleeping."""

    event: asyncio.Event


@dataclass(frozen=True, slots=True)
class Hang:
    """Silence for ever; only cancelling or closing ends it."""


@dataclass(frozen=True, slots=True)
class Fail:
    """An engine error."""

    kind: type[EngineError] = EngineUnavailable
    message: str = "the connection to the engine failed (ReadError)"


@dataclass(frozen=True, slots=True)
class Finish:
    """The last delta of a stream."""

    reason: FinishReason = FinishReason.STOP


Step = Say | Wait | Gate | Hang | Fail | Finish

REFUSED = Fail(EngineUnavailable, "the connection to the engine failed (ConnectError)")
DIED = Fail(EngineUnavailable, "the connection to the engine failed (RemoteProtocolError)")
SILENT = Fail(EngineTimeout, "the engine was silent for too long (ReadTimeout)")

SURE_OF_INDUCED: Mapping[Verdict, float] = {
    Verdict.INDUCED: -0.02,
    Verdict.NOT_INDUCED: -4.3,
    Verdict.INCONCLUSIVE: -5.1,
}
_EXPLANATIONS = {
    Verdict.INDUCED: "['Chat - asked to cancel']",
    Verdict.NOT_INDUCED: "['Buyer - changed mind']",
    Verdict.INCONCLUSIVE: "['Evidence - insufficient']",
}


def spoken(text: str) -> tuple[Step, ...]:
    """`text` word by word, one token each, then the end of the turn."""
    return (*(Say(word) for word in re.findall(r"\s*\S+|\s+$", text)), Finish())


def explanation_text(verdict: Verdict) -> str:
    """A well-formed explanation of `verdict`, from right after `<decision_factors>`."""
    told = "The record shows it plainly, and nothing in the chat speaks against it."
    return f"{_EXPLANATIONS[verdict]}</decision_factors>\n<reasoning>{told}</reasoning>"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens to each kind of request.

    `before_decide`: steps before the log-probabilities are given. `explain`: per verdict; a missing one is explained
    in a well-formed way. `generate`: the whole document from right after `<verdict>`.
    """

    logprobs: Mapping[Verdict, float] = field(default_factory=lambda: dict(SURE_OF_INDUCED))
    before_decide: tuple[Step, ...] = ()
    explain: Mapping[Verdict, tuple[Step, ...]] = field(default_factory=dict)
    generate: tuple[Step, ...] | None = None
    cached_tokens: int = 0

    def explain_steps(self, verdict: Verdict) -> tuple[Step, ...]:
        """The steps of an explanation of `verdict`."""
        return self.explain.get(verdict) or spoken(explanation_text(verdict))

    def generate_steps(self) -> tuple[Step, ...]:
        """The steps of a whole document."""
        verdict = max(VERDICTS, key=lambda label: self.logprobs[label])
        written = f"{verdict.value}</verdict>\n<decision_factors>{explanation_text(verdict)}"
        return spoken(written) if self.generate is None else self.generate


class CallKind(StrEnum):
    """Which method was called."""

    DECIDE = "decide"
    EXPLAIN = "explain"
    GENERATE = "generate"
    WARM = "warm"


@dataclass(slots=True)
class Call:
    """A request as the engine saw it; `ended` also when the caller left."""

    kind: CallKind
    request_id: str
    ids: tuple[int, ...]
    verdict: Verdict | None = None
    tokens: int = 0
    ended: bool = False


class ScriptedEngine:
    """Replays `scenario`, which a test may replace between requests; `state` is what `health` tells."""

    def __init__(self, scenario: Scenario | None = None) -> None:
        self.scenario = scenario or Scenario()
        self.state = EngineState.READY
        self.calls: list[Call] = []

    @property
    def running(self) -> int:
        """Requests that have begun and not ended."""
        return sum(not call.ended for call in self.calls)

    def calls_of(self, kind: CallKind) -> list[Call]:
        """The calls of one kind, in order."""
        return [call for call in self.calls if call.kind is kind]

    async def decide(self, prompt_ids: Sequence[int], *, request_id: str) -> LabelLogprobs:
        """See `Engine.decide`."""
        call = self._begin(Call(CallKind.DECIDE, request_id, tuple(prompt_ids)))
        scenario = self.scenario
        try:
            async for _ in _play(scenario.before_decide, call):
                pass  # a decide streams nothing
            call.tokens = 1
            return LabelLogprobs(dict(scenario.logprobs), len(prompt_ids), scenario.cached_tokens)
        finally:
            call.ended = True

    def explain(
        self, ids: Sequence[int], verdict: Verdict, *, request_id: str
    ) -> AsyncGenerator[Delta, None]:
        """See `Engine.explain`."""
        call = Call(CallKind.EXPLAIN, request_id, tuple(ids), verdict)
        return self._stream(self.scenario.explain_steps(verdict), call)

    def generate(
        self,
        ids: Sequence[int],
        *,
        temperature: float,  # noqa: ARG002  # a script knows no chance
        seed: int | None,  # noqa: ARG002
        request_id: str,
        constrained: bool = True,  # noqa: ARG002
    ) -> AsyncGenerator[Delta, None]:
        """See `Engine.generate`."""
        return self._stream(self.scenario.generate_steps(), Call(CallKind.GENERATE, request_id, tuple(ids)))

    async def warm(self, prompt_ids: Sequence[int]) -> None:
        """See `Engine.warm`; only recorded."""
        self._begin(Call(CallKind.WARM, "warm", tuple(prompt_ids), ended=True))

    async def health(self) -> EngineHealth:
        """See `Engine.health`."""
        return EngineHealth(self.state, "scripted")

    async def close(self) -> None:
        """See `Engine.close`."""
        self.state = EngineState.STOPPED

    def _begin(self, call: Call) -> Call:
        self.calls.append(call)
        return call

    async def _stream(self, steps: tuple[Step, ...], call: Call) -> AsyncGenerator[Delta, None]:
        self._begin(call)
        try:
            async with aclosing(_play(steps, call)) as deltas:
                async for delta in deltas:
                    yield delta
        finally:
            call.ended = True


async def _play(steps: tuple[Step, ...], call: Call) -> AsyncGenerator[Delta, None]:
    for step in steps:
        match step:
            case Say(text, tokens):
                call.tokens += tokens
                yield Delta(text, tokens)
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Gate(event):
                await event.wait()
            case Hang():
                await asyncio.Event().wait()
            case Fail(kind, message):
                raise kind(message)
            case Finish(reason):
                call.tokens += 1
                yield Delta("", 1, reason, Usage(len(call.ids), call.tokens))
