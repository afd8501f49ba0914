"""The two ways to ask the engine about one case: decide then explain, or the whole document in one stream.

Takes: a rendered prompt. Gives: a `Ruling`, then the findings of its explanation, with token counts.
Does not: watch deadlines, publish events or fall back (`serving.pipeline` does). A speaker serves one case.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from cases.decision import TokenCounts
from cases.errors import DocumentError
from cases.market import MarketConfig
from cases.verdict import Verdict
from prompts.document import explain_prefix_ids
from prompts.parser import DocumentParser, Finding, Malformed, VerdictFound
from serving.engines.base import Delta
from serving.parts import Parts
from serving.policy import Ruling, rule_on, unmeasured


@dataclass(frozen=True, slots=True)
class Question:
    """One case, ready for the engine: ids up to and with `<verdict>`."""

    request_id: str
    ids: list[int]
    market: MarketConfig


class Speaker(Protocol):
    """One case's conversation with the engine."""

    @property
    def tokens(self) -> TokenCounts:
        """Counts so far."""
        ...

    @property
    def goes_on(self) -> bool:
        """Whether the request that gave the verdict still runs in the engine afterwards."""
        ...

    async def verdict(self) -> Ruling:
        """The verdict. Raises EngineError, DocumentError."""
        ...

    def explanation(self, verdict: Verdict) -> AsyncGenerator[Finding, None]:
        """Factors and reasoning as they come. Raises EngineError, OverloadedError, DocumentError."""
        ...

    async def aclose(self) -> None:
        """End what still runs in the engine."""
        ...


class DecideExplain:
    """One token with the labels' log-probabilities; then, if asked, a second request that explains."""

    goes_on = False

    def __init__(self, parts: Parts, question: Question) -> None:
        self._parts = parts
        self._question = question
        self.tokens = TokenCounts()

    async def verdict(self) -> Ruling:
        """The calibrated verdict from one generated token."""
        question = self._question
        found = await self._parts.engine.decide(question.ids, request_id=question.request_id)
        self.tokens = TokenCounts(prompt=found.prompt_tokens, cached=found.cached_tokens, generated=1)
        return rule_on(found, question.market, self._parts.card.calibrations.get(question.market.code))

    async def explanation(self, verdict: Verdict) -> AsyncGenerator[Finding, None]:
        """Explain `verdict`, whoever decided it, behind every waiting decide."""
        question = self._question
        ids = [*question.ids, *explain_prefix_ids(verdict, self._parts.tokenizer)]
        parser = DocumentParser.for_explanation(verdict)
        async with self._parts.explanations.slot():
            deltas = self._parts.engine.explain(ids, verdict, request_id=question.request_id)
            async with aclosing(_findings(deltas, parser, self._count)) as findings:
                async for finding in findings:
                    yield finding

    async def aclose(self) -> None:
        """Nothing outlives its call."""

    def _count(self, delta: Delta) -> None:
        self.tokens = _more(self.tokens, delta)


class SingleStream:
    """The whole document in one request, read as it comes; leaving it early ends it in the engine."""

    goes_on = True

    def __init__(self, parts: Parts, question: Question) -> None:
        self._market = question.market
        self.tokens = TokenCounts(prompt=len(question.ids))
        deltas = parts.engine.generate(question.ids, temperature=0.0, seed=0, request_id=question.request_id)
        self._findings = _findings(deltas, DocumentParser(), self._count)

    async def verdict(self) -> Ruling:
        """The verdict at its closing tag; without log-probabilities nothing measures it."""
        async for finding in self._findings:
            if isinstance(finding, VerdictFound):
                return unmeasured(finding.verdict, self._market)
            if isinstance(finding, Malformed):
                raise DocumentError(finding.code, finding.message)
        raise DocumentError("no_verdict", "the document ended without a verdict")

    async def explanation(self, verdict: Verdict) -> AsyncGenerator[Finding, None]:  # noqa: ARG002
        """The rest of the same document; it explains the verdict it began with."""
        async for finding in self._findings:
            yield finding

    async def aclose(self) -> None:
        """End the request, wherever it stands."""
        await self._findings.aclose()

    def _count(self, delta: Delta) -> None:
        self.tokens = _more(self.tokens, delta)


def _more(tokens: TokenCounts, delta: Delta) -> TokenCounts:
    return tokens.model_copy(update={"generated": tokens.generated + delta.tokens})


async def _findings(
    deltas: AsyncGenerator[Delta, None], parser: DocumentParser, count: Callable[[Delta], None]
) -> AsyncGenerator[Finding, None]:
    """What the parser finds while the engine writes."""
    async with aclosing(deltas):
        async for delta in deltas:
            count(delta)
            for finding in parser.feed(delta.text):
                yield finding
    for finding in parser.finish():
        yield finding
