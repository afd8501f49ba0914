"""Reads what vLLM's HTTP API answers.

Takes: answer bodies and lines of its event stream. Gives: typed values, or EngineUnavailable for what it cannot read.
Does not: speak HTTP, or repeat any part of an answer in an error (an answer may quote the prompt).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from cases.errors import ConfigError, EngineUnavailable
from cases.verdict import Verdict
from serving.engines.base import FinishReason, LabelLogprobs, Usage

_DATA: Final = "data:"
_DONE: Final = "[DONE]"
_Answer = TypeVar("_Answer", bound=BaseModel)


class _PromptDetails(BaseModel):
    cached_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int = 0
    prompt_tokens_details: _PromptDetails | None = None

    @property
    def cached_tokens(self) -> int:
        details = self.prompt_tokens_details
        return 0 if details is None else details.cached_tokens or 0


class _TopLogprobs(BaseModel):
    top_logprobs: list[dict[str, float]]


class _DecideChoice(BaseModel):
    logprobs: _TopLogprobs


class _DecideAnswer(BaseModel):
    choices: list[_DecideChoice]
    usage: _Usage


class _StreamChoice(BaseModel):
    text: str
    finish_reason: str | None = None


class _StreamChunk(BaseModel):
    choices: list[_StreamChoice]
    usage: _Usage


class _Model(BaseModel):
    id: str
    parent: str | None = None  # of an adapter: its base
    max_model_len: int | None = None


class _Models(BaseModel):
    data: list[_Model]


class _Tokens(BaseModel):
    tokens: list[int]


@dataclass(frozen=True, slots=True)
class StreamPart:
    """One line of a completion stream: a piece of text, or (`closing`) the token counts after the last piece."""

    text: str
    finish_reason: FinishReason | None
    usage: Usage
    closing: bool


def label_logprobs(body: bytes, label_tokens: Mapping[Verdict, int]) -> LabelLogprobs:
    """The labels' log-probabilities of a one-token completion asked with `return_tokens_as_token_ids`."""
    answer = _read(_DecideAnswer, body)
    try:
        found = answer.choices[0].logprobs.top_logprobs[0]
        logprobs = {verdict: found[f"token_id:{token}"] for verdict, token in label_tokens.items()}
    except (IndexError, KeyError) as error:
        raise EngineUnavailable("the engine left out a label's log-probability") from error
    if not all(math.isfinite(value) for value in logprobs.values()):
        raise EngineUnavailable("the engine gave a label a log-probability that is no number")
    usage = answer.usage
    return LabelLogprobs(logprobs, prompt_tokens=usage.prompt_tokens, cached_tokens=usage.cached_tokens)


def stream_part(line: str) -> StreamPart | None:
    """A line of the event stream; None for blank lines, comments and the end mark."""
    if not line.startswith(_DATA):
        return None
    data = line.removeprefix(_DATA).strip()
    if data == _DONE:
        return None
    chunk = _read(_StreamChunk, data)
    usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens, chunk.usage.cached_tokens)
    if not chunk.choices:
        return StreamPart("", None, usage, closing=True)
    choice = chunk.choices[0]
    return StreamPart(choice.text, _finish_reason(choice.finish_reason), usage, closing=False)


def served_length_tokens(body: bytes, model: str) -> int | None:
    """How many tokens a request may have (None: not said); raises ConfigError when `model` is not served."""
    served = {entry.id: entry for entry in _read(_Models, body).data}
    if model not in served:
        raise ConfigError(f"the engine does not serve '{model}' but {', '.join(sorted(served)) or 'nothing'}")
    found = served[model]
    # vLLM names an adapter's base by its path, so the length is that of the one model that is no adapter.
    lengths = [entry.max_model_len for entry in served.values() if entry.parent is None]
    return lengths[0] if found.parent is not None and lengths else found.max_model_len


def first_token(body: bytes) -> int | None:
    """The first token id of a `/tokenize` answer, None for an empty text."""
    tokens = _read(_Tokens, body).tokens
    return tokens[0] if tokens else None


def _finish_reason(word: str | None) -> FinishReason | None:
    if word is None:
        return None
    try:
        return FinishReason(word)
    except ValueError as error:  # "abort", "error": the engine gave the request up
        raise EngineUnavailable(f"the engine gave the request up ({word})") from error


def _read(kind: type[_Answer], body: bytes | str) -> _Answer:
    try:
        return kind.model_validate_json(body)
    except ValidationError:
        # Not chained: pydantic quotes its input.
        raise EngineUnavailable(
            f"the engine's answer is not what vLLM 0.32 answers ({kind.__name__})"
        ) from None
