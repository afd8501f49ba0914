"""The two losses: a weighted next-token loss without the full logits, and the weights of a completion.

Takes: hidden states, an output matrix, targets and weights. Gives: one number with its gradient.
Does not: know models or data.
"""

from typing import Any, Final

import torch
from torch import Tensor

IGNORED: Final = -100
"""The label of a token that carries no loss (the value torch and transformers agree on)."""
_CHUNK_ROWS: Final = 512


def completion_weights(labels: Tensor, label_weight: float) -> Tensor:
    """Loss weights [rows, tokens] for `labels` of the same shape, IGNORED where no loss is wanted.

    The first supervised token of a row is the first token of its label, which is what decides a case: it weighs
    `label_weight`; every other supervised token weighs 1, ignored ones 0.
    """
    supervised = labels != IGNORED
    first = supervised & (supervised.cumsum(dim=1) == 1)
    return supervised.float() + first.float() * (label_weight - 1.0)


def weighted_nll(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """sum(weight * -log p(label)) / sum(weight), a scalar.

    `logits` [rows, tokens, vocabulary] predict `labels` [rows, tokens] at the same place (shifted by the caller).
    """
    log_probs = torch.log_softmax(logits.float(), dim=-1)
    picked = log_probs.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return -(picked * weights).sum() / weights.sum().clamp(min=1e-9)


class _LinearNll(torch.autograd.Function):
    """Gradients are made in the forward pass, a few hundred rows at a time: [rows, vocabulary] never exists whole."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, matrix: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        rows = hidden.to(torch.bfloat16) if torch.is_autocast_enabled("cpu") else hidden
        projection = matrix.to(rows.dtype)
        hidden_grad, matrix_grad = torch.empty_like(rows), torch.zeros_like(matrix)
        total = hidden.new_zeros((), dtype=torch.float32)
        scale = weights / weights.sum().clamp(min=1e-9)
        with torch.autocast("cpu", enabled=False):
            for start in range(0, len(rows), _CHUNK_ROWS):
                part = slice(start, start + _CHUNK_ROWS)
                logits = (rows[part] @ projection.T).float()
                log_norm = logits.logsumexp(dim=-1)
                picked = logits.gather(1, targets[part, None]).squeeze(1)
                total += ((log_norm - picked) * scale[part]).sum()
                logits.sub_(log_norm[:, None]).exp_()
                logits.scatter_add_(1, targets[part, None], logits.new_full((len(logits), 1), -1.0))
                slope = logits.mul_(scale[part, None]).to(rows.dtype)
                hidden_grad[part] = slope @ projection
                matrix_grad += (slope.T @ rows[part]).to(matrix_grad.dtype)
        ctx.save_for_backward(hidden_grad, matrix_grad)
        ctx.hidden_dtype = hidden.dtype
        return total

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, Tensor, None, None]:
        hidden_grad, matrix_grad = ctx.saved_tensors
        return hidden_grad.to(ctx.hidden_dtype) * slopes[0], matrix_grad * slopes[0], None, None


def linear_nll(hidden: Tensor, matrix: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """As `weighted_nll` of `hidden @ matrix.T`: `hidden` [rows, size], `matrix` [vocabulary, size], the rest [rows]."""
    return _LinearNll.apply(hidden, matrix, targets, weights)
