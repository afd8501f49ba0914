"""The pre-training optimiser: Muon for the matrices, AdamW for embeddings and norms, one schedule for both.

Takes: a model and its recipe. Gives: an optimiser pair that steps, saves and loads as one.
Does not: clip or scale gradients.

Muon (K. Jordan, 2024, "Muon: an optimizer for hidden layers") is reported to need fewer tokens than AdamW, and tokens
are what two cores are short of; it costs about a tenth of a step. The two were not compared on this model.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from finetune.recipe import PretrainRecipe


class PretrainOptimiser:
    """Steps both optimisers under one learning-rate schedule."""

    def __init__(self, model: nn.Module, recipe: PretrainRecipe) -> None:
        named = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
        matrices = [weight for name, weight in named if weight.ndim == 2 and "embed" not in name]
        others = [weight for name, weight in named if weight.ndim != 2 or "embed" in name]
        self._recipe = recipe
        self._parts: tuple[tuple[torch.optim.Optimizer, float], ...] = (
            (
                torch.optim.Muon(
                    matrices,
                    lr=recipe.matrix_learning_rate,
                    weight_decay=recipe.weight_decay,
                    adjust_lr_fn="match_rms_adamw",
                ),
                recipe.matrix_learning_rate,
            ),
            (
                torch.optim.AdamW(
                    others, lr=recipe.vector_learning_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True
                ),
                recipe.vector_learning_rate,
            ),
        )

    def step(self, step: int) -> None:
        """Apply the gradients with the rate of `step` (from 0) and clear them."""
        share = schedule(step, self._recipe)
        for part, peak in self._parts:
            for group in part.param_groups:
                group["lr"] = peak * share
            part.step()
            part.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"parts": [part.state_dict() for part, _ in self._parts]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up where a checkpoint left."""
        for (part, _), saved in zip(self._parts, state["parts"], strict=True):
            part.load_state_dict(saved)


def schedule(step: int, recipe: PretrainRecipe) -> float:
    """The share of the peak rate at `step`: linear warm-up, level, linear fall to zero at the last step.

    A level middle lets a run be lengthened while it runs, which a cosine does not (Hägele et al., 2024,
    arXiv:2405.18392).
    """
    rise = (step + 1) / recipe.warmup_steps
    fall = (recipe.steps - step) / max(1.0, recipe.steps * recipe.decay_share)
    return max(0.0, min(1.0, rise, fall))
