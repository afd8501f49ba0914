"""vLLM over its HTTP API, asked with token ids.

Takes: the address of a running vLLM and the document's wording. Gives: the `Engine` protocol.
Does not: start or restart vLLM (`vllm_process`), cap what is in flight (`explain_queue`), log prompts or answers.

Decide: one token, with the log-probabilities of exactly the three labels' first tokens, no grammar. Explain: a second
request behind every decide (a higher `priority` number waits) under the verdict's grammar; it finds the prompt in the
prefix cache. Closing the connection is how vLLM is told to stop, so every way out of a stream closes it.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

import httpx

from cases.errors import ConfigError, EngineError, EngineTimeout, EngineUnavailable
from cases.verdict import VERDICTS, Verdict
from serving.engines.base import Delta, EngineHealth, EngineState, LabelLogprobs
from serving.engines.vllm_answers import (
    first_token,
    label_logprobs,
    served_length_tokens,
    stream_part,
)
from serving.engines.wording import Wording

_COMPLETIONS: Final = "/v1/completions"
_EXPLAIN_PRIORITY: Final = 10
# uvicorn drops a connection that was idle for 5 s; one that we drop first is never used while it goes away.
_KEEP_ALIVE_S: Final = 4.0
_WARM_TOKENS: Final = 4


@dataclass(frozen=True, slots=True)
class VllmOptions:
    """How to reach vLLM and how long to wait for it.

    `connect_timeout_s` also bounds a health check (a dead engine refuses at once; a busy machine is only slow);
    `decide_timeout_s` bounds a whole decide; `stall_timeout_s` the silence within a stream; `document_tokens` the
    length of what is generated.
    """

    base_url: str
    model: str
    document_tokens: int = 650
    connect_timeout_s: float = 10.0
    decide_timeout_s: float = 60.0
    stall_timeout_s: float = 60.0


class VllmEngine:
    """One running vLLM. Needs `--scheduling-policy priority`, prefix caching and prompt token details switched on."""

    def __init__(self, options: VllmOptions, wording: Wording) -> None:
        self._options = options
        self._wording = wording
        self._label_ids = [wording.label_tokens[verdict] for verdict in VERDICTS]
        self._client = httpx.AsyncClient(
            base_url=options.base_url,
            timeout=httpx.Timeout(options.stall_timeout_s, connect=options.connect_timeout_s, pool=None),
            limits=httpx.Limits(
                max_connections=None, max_keepalive_connections=None, keepalive_expiry=_KEEP_ALIVE_S
            ),
            trust_env=False,  # the engine is next door: no proxy of the environment may see a prompt
        )

    async def decide(self, prompt_ids: Sequence[int], *, request_id: str) -> LabelLogprobs:
        """See `Engine.decide`."""
        body = self._body(prompt_ids, f"{request_id}-decide", max_tokens=1) | {
            "logprobs": 1,
            "logprob_token_ids": self._label_ids,
            "return_tokens_as_token_ids": True,
        }
        answer = await self._ask("POST", _COMPLETIONS, body)
        return label_logprobs(answer, self._wording.label_tokens)

    def explain(
        self, ids: Sequence[int], verdict: Verdict, *, request_id: str
    ) -> AsyncGenerator[Delta, None]:
        """See `Engine.explain`."""
        body = self._body(ids, f"{request_id}-explain", max_tokens=self._options.document_tokens)
        return self._stream(
            body | {"priority": _EXPLAIN_PRIORITY} | _under(self._wording.explanation_grammars[verdict])
        )

    def generate(
        self,
        ids: Sequence[int],
        *,
        temperature: float,
        seed: int | None,
        request_id: str,
        constrained: bool = True,
    ) -> AsyncGenerator[Delta, None]:
        """See `Engine.generate`."""
        body = self._body(ids, f"{request_id}-generate", max_tokens=self._options.document_tokens)
        grammar = _under(self._wording.document_grammar) if constrained else {}
        return self._stream(body | {"temperature": temperature, "seed": seed} | grammar)

    async def warm(self, prompt_ids: Sequence[int]) -> None:
        """See `Engine.warm`: one decide, the first tokens of an explanation per verdict and of a whole document."""
        await self.decide(prompt_ids, request_id="warm")
        for verdict in VERDICTS:
            prefix = self._wording.explain_prefixes[verdict]
            await self._taste(self.explain([*prompt_ids, *prefix], verdict, request_id="warm"))
        await self._taste(self.generate(prompt_ids, temperature=0.0, seed=None, request_id="warm"))

    async def check_labels(self, *, needed_length_tokens: int) -> None:
        """Refuse an engine that serves another tokenizer, another model name or too short a context.

        Raises ConfigError saying which, EngineError when the engine does not answer.
        """
        models = await self._ask("GET", "/v1/models", None)
        length = served_length_tokens(models, self._options.model)
        if length is not None and length < needed_length_tokens:
            raise ConfigError(
                f"the engine serves {length} tokens a request; prompts need {needed_length_tokens}"
            )
        for verdict, expected in self._wording.label_tokens.items():
            question = {"model": self._options.model, "prompt": verdict.value, "add_special_tokens": False}
            found = first_token(await self._ask("POST", "/tokenize", question))
            if found != expected:
                raise ConfigError(
                    f"the engine's tokenizer is another one: '{verdict.value}' starts with token {found},"
                    f" not with {expected}"
                )

    async def health(self) -> EngineHealth:
        """See `Engine.health`."""
        try:
            response = await self._client.get("/health", timeout=self._options.connect_timeout_s)
        except httpx.HTTPError as error:
            return EngineHealth(EngineState.DOWN, f"the engine does not answer ({type(error).__name__})")
        if response.is_success:
            return EngineHealth(EngineState.READY, "the engine answers")
        return EngineHealth(EngineState.DOWN, f"the engine answers {response.status_code}")

    async def close(self) -> None:
        """See `Engine.close`; ends what is in flight."""
        await self._client.aclose()

    def _body(self, ids: Sequence[int], request_id: str, *, max_tokens: int) -> dict[str, object]:
        return {
            "model": self._options.model,
            "prompt": list(ids),
            "max_tokens": max_tokens,
            "temperature": 0.0,
            "stop_token_ids": [self._wording.end_of_turn],
            "request_id": request_id,
        }

    async def _ask(self, method: str, path: str, body: Mapping[str, object] | None) -> bytes:
        try:
            response = await self._client.request(method, path, json=body, timeout=self._decide_timeout())
        except httpx.HTTPError as error:
            raise _translated(error) from error
        if not response.is_success:
            raise _refused(response)
        return response.content

    def _decide_timeout(self) -> httpx.Timeout:
        return httpx.Timeout(
            self._options.decide_timeout_s, connect=self._options.connect_timeout_s, pool=None
        )

    async def _stream(self, body: Mapping[str, object]) -> AsyncGenerator[Delta, None]:
        asked = {
            **body,
            "stream": True,
            "stream_options": {"include_usage": True, "continuous_usage_stats": True},
        }
        tokens, last, usage = 0, None, None
        try:
            async with self._client.stream("POST", _COMPLETIONS, json=asked) as response:
                if not response.is_success:
                    raise _refused(response)
                # Read to the very end, past the last piece: only then can the connection serve the next request.
                async for line in response.aiter_lines():
                    part = stream_part(line)
                    if part is None:
                        continue
                    if part.closing:
                        usage = part.usage
                        continue
                    delta = Delta(part.text, part.usage.completion_tokens - tokens, part.finish_reason)
                    tokens = part.usage.completion_tokens
                    if delta.finish_reason is None:
                        yield delta
                    else:
                        last = delta
        except httpx.HTTPError as error:
            raise _translated(error) from error
        if last is None or usage is None:
            raise EngineUnavailable(f"the engine's stream broke off after {tokens} tokens")
        yield replace(last, usage=usage)

    async def _taste(self, stream: AsyncGenerator[Delta, None]) -> None:
        tokens = 0
        async with aclosing(stream) as deltas:
            async for delta in deltas:
                tokens += delta.tokens
                if tokens >= _WARM_TOKENS:
                    return


def _under(grammar: str) -> dict[str, object]:
    return {"structured_outputs": {"grammar": grammar}}


def _refused(response: httpx.Response) -> EngineUnavailable:
    # Without its body: vLLM quotes the request in it.
    return EngineUnavailable(f"the engine answered {response.status_code}")


def _translated(error: httpx.HTTPError) -> EngineError:
    # Names only: the text of a transport error may quote what was sent.
    name = type(error).__name__
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        return EngineTimeout(f"the engine was silent for too long ({name})")
    return EngineUnavailable(f"the connection to the engine failed ({name})")
