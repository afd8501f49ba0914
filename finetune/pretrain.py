"""Pre-training of the demo's base: a plain loop over streamed batches, resumable to the step.

Takes: a recipe, a tokenizer and a function that makes the shards. Gives: a finished base model, its loss log and loss
curve, and bits a byte before and after. Does not: see a label beside its case (`finetune.corpus`).
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict

from cases.errors import ConfigError
from finetune.base_model import new_base, save_model
from finetune.batching import Batch
from finetune.gradients import StepGradients
from finetune.optimiser import PretrainOptimiser, schedule
from finetune.pretrain_checkpoint import Place, load_checkpoint, save_checkpoint
from finetune.progress import LOSS_CURVE, LOSS_LOG, LossRow, Meter, append_row, draw_curve
from finetune.recipe import PretrainRecipe, Recipe
from finetune.shard_stream import MakeShard, PlacedBatch, ShardStream
from finetune.workspace import Workspace
from prompts.tokenizer import PromptTokenizer

CHECKPOINT: Final = "checkpoint.pt"
BASE_REPORT: Final = "report.json"
HELD_BACK_SHARD: Final = -1
"""The shard that is only measured on, never trained on."""
_MEASURED_BATCHES: Final = 48
_MAX_GRADIENT_NORM: Final = 1.0


class PretrainReport(BaseModel):
    """`tokens` read in training; bits a byte of the held-back shard before and after."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int
    tokens: int
    seconds: float
    bits_per_byte_before: float
    bits_per_byte_after: float


class Pretraining:
    """One run, from its last checkpoint (if there is one) to the recipe's last step."""

    def __init__(
        self, recipe: Recipe, space: Workspace, tokenizer: PromptTokenizer, make_shard: MakeShard
    ) -> None:
        if recipe.pretrain is None:
            raise ConfigError(f"recipe {recipe.name} has no [pretrain]: its base is a checkpoint")
        self._recipe = recipe
        self._settings: PretrainRecipe = recipe.pretrain
        self._space = space
        self._make_shard = make_shard
        self._model = new_base(recipe, tokenizer)
        self._optimiser = PretrainOptimiser(self._model, self._settings)
        self._place = Place()

    @property
    def place(self) -> Place:
        """How far the run is."""
        return self._place

    def resume(self) -> int:
        """Take up the last checkpoint, if any; returns the steps already done."""
        self._place = load_checkpoint(self._checkpoint, self._model, self._optimiser)
        return self._place.step

    def run(self, meter: Meter, stop_after_steps: int | None = None) -> PretrainReport:
        """Train to the end (or `stop_after_steps` more steps) and write the base model when it is reached."""
        # For the optimiser, which runs here; gradients share the cores out by micro-batch (finetune.gradients).
        torch.set_num_threads(len(os.sched_getaffinity(0)))
        self._space.pretrain.mkdir(parents=True, exist_ok=True)
        held_back = [_evened(batch) for batch in self._make_shard(HELD_BACK_SHARD)[:_MEASURED_BATCHES]]
        last = self._settings.steps
        if stop_after_steps is not None:
            last = min(last, self._place.step + stop_after_steps)
        with StepGradients(self._model, bfloat16=self._recipe.precision == "bfloat16") as gradients:
            before = self._first_measure(gradients, held_back)
            if self._place.step < last:
                with ShardStream(self._make_shard, shard=self._place.shard, skip=self._place.batch) as stream:
                    self._train(iter(stream), gradients, last, meter)
            after = _bits_per_byte(gradients, held_back)
        save_checkpoint(self._checkpoint, self._model, self._optimiser, self._place)
        draw_curve(self._space.pretrain / LOSS_LOG, self._space.pretrain / LOSS_CURVE, "base pre-training")
        report = PretrainReport(
            steps=self._place.step,
            tokens=self._place.tokens,
            seconds=round(self._place.seconds, 1),
            bits_per_byte_before=before,
            bits_per_byte_after=after,
        )
        if self._place.step >= self._settings.steps:
            save_model(self._model, self._space.base)
            (self._space.pretrain / BASE_REPORT).write_text(
                report.model_dump_json(indent=2) + "\n", encoding="utf-8"
            )
        return report

    def _train(
        self, stream: Iterator[PlacedBatch], gradients: StepGradients, last: int, meter: Meter
    ) -> None:
        losses: list[float] = []
        saved_at = stepped_at = time.monotonic()
        while self._place.step < last:
            placed = [next(stream) for _ in range(self._settings.micro_batches)]
            losses.append(gradients.compute([one.batch for one in placed]))
            torch.nn.utils.clip_grad_norm_(self._model.parameters(), _MAX_GRADIENT_NORM)
            self._optimiser.step(self._place.step)
            now = time.monotonic()
            self._place = _moved(self._place, placed, now - stepped_at)
            stepped_at = now
            if self._place.step % self._settings.log_every_steps == 0 or self._place.step == last:
                self._log(losses, meter)
                losses = []
            if now - saved_at >= self._settings.checkpoint_minutes * 60:
                save_checkpoint(self._checkpoint, self._model, self._optimiser, self._place)
                saved_at = now

    def _log(self, losses: Sequence[float], meter: Meter) -> None:
        place = self._place
        loss = float(np.mean(losses))
        speed = place.tokens / max(place.seconds, 1e-9)
        extra = {"rate": schedule(place.step - 1, self._settings), "tokens_per_s": round(speed, 1)}
        row = LossRow(
            step=place.step, loss=loss, tokens=place.tokens, seconds=round(place.seconds, 1), extra=extra
        )
        append_row(self._space.pretrain / LOSS_LOG, row)
        meter(place.step, f"loss {loss:.3f}, {speed:,.0f} tokens/s")

    def _first_measure(self, gradients: StepGradients, held_back: Sequence[Batch]) -> float:
        """Bits a byte of the untrained model, measured once and kept for resumed runs."""
        kept = self._space.pretrain / "bits_per_byte_before.txt"
        if not kept.exists() or self._place.step == 0:
            kept.write_text(f"{_bits_per_byte(gradients, held_back):.6f}\n", encoding="utf-8")
        return float(kept.read_text(encoding="utf-8"))

    @property
    def _checkpoint(self) -> Path:
        return self._space.pretrain / CHECKPOINT


def _moved(place: Place, placed: Sequence[PlacedBatch], seconds: float) -> Place:
    """The place after a step on `placed`."""
    end = placed[-1]
    shard, batch = (end.shard + 1, 0) if end.is_last else (end.shard, end.index + 1)
    return replace(
        place,
        step=place.step + 1,
        shard=shard,
        batch=batch,
        tokens=place.tokens + sum(one.batch.tokens for one in placed),
        seconds=place.seconds + seconds,
    )


def _evened(batch: Batch) -> Batch:
    """The batch with weight 1 on every token that is predicted at all, for measuring."""
    return replace(batch, weights=(batch.weights > 0).astype(np.float32))


def _bits_per_byte(gradients: StepGradients, batches: Sequence[Batch]) -> float:
    """Bits that the model needs a byte of the text of `batches`, whose weights are even."""
    nats = sum(
        loss * float(batch.weights.sum())
        for loss, batch in zip(gradients.losses(batches), batches, strict=True)
    )
    return nats / max(sum(batch.text_bytes for batch in batches), 1) / float(np.log(2.0))
