"""The labels' log-probabilities of prompts, by a plain forward pass of transformers.

Takes: a model and prompts as token ids. Gives: an array [prompts, 3] in the order of `VERDICTS`.
Does not: use the engine. vLLM gives the same numbers up to bfloat16 rounding; the calibration needs no more.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from cases.verdict import VERDICTS
from finetune.progress import Meter
from prompts.document import label_first_tokens
from prompts.tokenizer import PromptTokenizer
from prompts.tokenizer_spec import PADDING


def label_logprobs(
    model: Any, prompts: Sequence[Sequence[int]], tokenizer: PromptTokenizer, batch_size: int, meter: Meter
) -> np.ndarray:
    """Float64 [prompts, 3]: log p of each label's first token over the whole vocabulary, after each prompt."""
    first = label_first_tokens(tokenizer)
    columns = [first[verdict] for verdict in VERDICTS]
    padding_id = tokenizer.special_id(PADDING)
    result = np.empty((len(prompts), len(VERDICTS)))
    by_length = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    model.eval()
    for start in range(0, len(by_length), batch_size):
        rows = by_length[start : start + batch_size]
        ids, mask = _left_padded([prompts[index] for index in rows], padding_id)
        positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
        with torch.no_grad():
            logits = model(
                input_ids=ids.to(model.device),
                attention_mask=mask.to(model.device),
                position_ids=positions.to(model.device),
                use_cache=False,
                logits_to_keep=1,
            ).logits[:, -1]
        log_probs = torch.log_softmax(logits.float(), dim=-1)[:, columns]
        result[rows] = log_probs.cpu().numpy()
        meter(start + len(rows), "")
    return result


def _left_padded(prompts: Sequence[Sequence[int]], padding_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Int64 ids and mask [rows, longest], real tokens on the right, so that the last column is every prompt's end."""
    width = max(len(prompt) for prompt in prompts)
    ids = [[padding_id] * (width - len(prompt)) + list(prompt) for prompt in prompts]
    mask = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    return torch.tensor(ids), torch.tensor(mask)
