"""TRL's `SFTTrainer` with this project's loss: completion only, the label's first token weighted.

Takes: a model with an adapter and batches of `input_ids` and `labels`. Gives: the loss. Does not: tokenise, or cut.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from trl import SFTTrainer

from finetune.loss import IGNORED, completion_weights, weighted_nll

_MIN_SHARED_TOKENS = 32  # below, a second forward pass costs more than it saves


class RightPadding:
    """Collates rows of `input_ids` and `labels` into tensors, padded on the right."""

    def __init__(self, padding_id: int) -> None:
        self._padding_id = padding_id

    def __call__(self, rows: Sequence[Mapping[str, Sequence[int]]]) -> dict[str, Tensor]:
        """Int64 `input_ids`, `labels` (IGNORED on padding) and `attention_mask`, all [rows, longest]."""
        width = max(len(row["input_ids"]) for row in rows)
        return {
            "input_ids": self._filled([row["input_ids"] for row in rows], width, self._padding_id),
            "labels": self._filled([row["labels"] for row in rows], width, IGNORED),
            "attention_mask": self._filled([[1] * len(row["input_ids"]) for row in rows], width, 0),
        }

    @staticmethod
    def _filled(rows: Sequence[Sequence[int]], width: int, filler: int) -> Tensor:
        return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])


class AdapterTrainer(SFTTrainer):
    """Call `use_loss` once after construction."""

    label_weight: float = 1.0
    share_prefix: bool = False
    rows_per_thread: int | None = None

    def use_loss(
        self, *, label_weight: float, share_prefix: bool, rows_per_thread: int | None = None
    ) -> None:
        """Set the loss, before `train`: how the label weighs, and whether a batch's shared start is computed once.

        `rows_per_thread`: share a batch's rows out over the cores, so many at a time (see `finetune.gradients` why).
        """
        self.label_weight = label_weight
        self.share_prefix = share_prefix
        self.rows_per_thread = rows_per_thread
        # Our loss is a mean over its batch, so the trainer divides by the accumulation steps itself.
        self.model_accepts_loss_kwargs = False

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The weighted mean negative log-likelihood of the documents, in nats."""
        del num_items_in_batch  # see use_loss
        labels = inputs["labels"]
        first = int((labels != IGNORED).any(dim=0).nonzero()[0])
        outputs = self._forward(model, inputs["input_ids"], inputs["attention_mask"], first)
        logits = outputs.logits[:, :-1]
        labels = labels[:, first:]
        loss = weighted_nll(logits, labels, completion_weights(labels, self.label_weight))
        self._count(logits.detach(), labels, int(inputs["attention_mask"].sum()))
        return (loss, outputs) if return_outputs else loss

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> Tensor:
        """Add a batch's gradients to the parameters'; returns its loss."""
        if self.rows_per_thread is None:
            return super().training_step(model, inputs, num_items_in_batch)
        model.train()
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        parts = _row_groups(inputs, self.rows_per_thread)
        mass = [float(completion_weights(part["labels"], self.label_weight).sum()) for part in parts]
        share = [one / sum(mass) / self.args.gradient_accumulation_steps for one in mass]

        def part_gradients(place: int) -> tuple[Tensor, tuple[Tensor, ...]]:
            loss = self.compute_loss(model, parts[place]) * share[place]
            return loss.detach(), torch.autograd.grad(loss, weights)

        total = torch.zeros(())
        with ThreadPoolExecutor(
            len(os.sched_getaffinity(0)), initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:
            for loss, gradients in pool.map(part_gradients, range(len(parts))):
                total += loss
                for weight, gradient in zip(weights, gradients, strict=True):
                    weight.grad = gradient if weight.grad is None else weight.grad.add_(gradient)
        return total

    def _forward(self, model: Any, ids: Tensor, mask: Tensor, first: int) -> Any:
        """Logits from the token before the first supervised one on: the last [rows, tokens - first + 1]."""
        kept = ids.shape[1] - first + 1
        shared = min(shared_tokens(ids), first - 1) if self.share_prefix else 0
        if shared < _MIN_SHARED_TOKENS:
            return model(input_ids=ids, attention_mask=mask, use_cache=False, logits_to_keep=kept)
        start = model(input_ids=ids[:1, :shared], use_cache=True, logits_to_keep=1)
        cache: DynamicCache = start.past_key_values
        cache.batch_repeat_interleave(len(ids))
        return model(
            input_ids=ids[:, shared:],
            attention_mask=mask,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=kept,
        )

    def _count(self, logits: Tensor, labels: Tensor, tokens: int) -> None:
        """Means for the log: the share of right labels (first supervised token), and of right tokens."""
        supervised = labels != IGNORED
        right = (logits.argmax(dim=-1) == labels) & supervised
        firsts = supervised & (supervised.cumsum(dim=1) == 1)
        counts = self._metrics["train" if self.model.training else "eval"]
        counts["label_accuracy"].append(float(right[firsts].float().mean()))
        counts["token_accuracy"].append(float(right.sum() / supervised.sum()))
        self._total_train_tokens += tokens if self.model.training else 0
        counts["num_tokens"] = [self._total_train_tokens]


def shared_tokens(ids: Tensor) -> int:
    """How many leading tokens all rows of `ids` [rows, tokens] have in common."""
    differs = (ids != ids[:1]).any(dim=0)
    return int(differs.int().argmax()) if bool(differs.any()) else ids.shape[1]


def _row_groups(inputs: dict[str, Tensor], rows: int) -> list[dict[str, Tensor]]:
    """The batch in groups of at most `rows` rows, without the columns that are padding in all of a group's rows."""
    groups = []
    for start in range(0, len(inputs["input_ids"]), rows):
        group = {name: values[start : start + rows] for name, values in inputs.items()}
        width = int(group["attention_mask"].sum(dim=1).max())
        groups.append({name: values[:, :width] for name, values in group.items()})
    return groups
