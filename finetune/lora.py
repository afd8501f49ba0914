"""LoRA fine-tuning with TRL and PEFT on examples made by the serving functions.

Takes: a recipe, a base model, examples. Gives: an adapter, its loss log and loss curve; resumable at any checkpoint.
Does not: tokenise text, cut examples, or choose their order at run time: the order is fixed by the seed beforehand,
so a resumed run reads on where the killed one stood.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from pydantic import BaseModel, ConfigDict
from transformers import AutoTokenizer, PrinterCallback, TrainerCallback
from transformers.trainer_utils import get_last_checkpoint
from trl import SFTConfig

from cases.errors import ConfigError
from finetune.adapter_trainer import AdapterTrainer, RightPadding
from finetune.base_model import revision_of
from finetune.batching import length_grouped_order
from finetune.examples import Example
from finetune.progress import LOSS_CURVE, LOSS_LOG, LossRow, Meter, append_row, draw_curve
from finetune.recipe import LoraRecipe, Recipe
from finetune.workspace import Workspace
from prompts.tokenizer_spec import PADDING

REPORT: Final = "report.json"
ALL_LINEAR: Final = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""Every linear layer of a Llama but its output, by name, which is what vLLM reads from an adapter's configuration."""


class TrainReport(BaseModel):
    """What an adapter has seen; `order` is the examples' indices in the order in which they were read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int
    examples: int
    tokens: int
    trainable_parameters: int


class _Log(TrainerCallback):
    """Writes the loss log and moves the progress bar."""

    def __init__(self, log: Path, meter: Meter, tokens_at: Sequence[int]) -> None:
        self._log = log
        self._meter = meter
        self._tokens_at = tokens_at

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        del args, control
        if not logs or "loss" not in logs:
            return
        extra = {
            key: float(logs[key])
            for key in ("label_accuracy", "token_accuracy", "learning_rate")
            if key in logs
        }
        tokens = self._tokens_at[min(state.global_step, len(self._tokens_at) - 1)]
        append_row(
            self._log,
            LossRow(step=state.global_step, loss=float(logs["loss"]), tokens=tokens, seconds=0, extra=extra),
        )
        shown = f"loss {float(logs['loss']):.3f}, labels {extra.get('label_accuracy', 0.0):.1%}"
        self._meter(state.global_step, shown)


class _StopAfter(TrainerCallback):
    """Ends training after so many steps, with a checkpoint: what a killed run leaves behind, made on purpose."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        del args
        if state.global_step >= self._steps:
            control.should_save = True
            control.should_training_stop = True
        return control


class LoraTraining:
    """One run over `examples`, from its last checkpoint (if `resume`) to the recipe's last epoch."""

    def __init__(self, recipe: Recipe, space: Workspace, examples: Sequence[Example]) -> None:
        if not examples:
            raise ConfigError("there is no labelled case to train on")
        self._recipe = recipe
        self._settings: LoraRecipe = recipe.lora
        self._space = space
        self._examples = examples
        lengths = [len(example.input_ids) for example in examples]
        self._order = length_grouped_order(
            lengths, self._settings.batch_size, self._settings.epochs, recipe.seed
        )
        self._examples_per_step = self._settings.batch_size * self._settings.accumulation

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole run, on one process."""
        return -(-len(self._order) // self._examples_per_step)

    @property
    def order(self) -> tuple[int, ...]:
        """The indices of the examples in the order in which they are read."""
        return tuple(self._order)

    def run(
        self,
        model: Any,
        tokenizer_folder: str,
        meter: Meter,
        *,
        resume: bool = False,
        stop_after: int | None = None,
    ) -> TrainReport:
        """Train an adapter on `model` and save it, unless `stop_after` steps come first."""
        if self._settings.rows_per_thread is not None:
            torch.set_num_threads(1)  # the cores are shared out by rows
        trainer = self._trainer(model, tokenizer_folder, meter)
        if stop_after is not None:
            trainer.add_callback(_StopAfter(stop_after))
        checkpoint = (
            get_last_checkpoint(str(self._space.train)) if resume and self._space.train.exists() else None
        )
        with warnings.catch_warnings():
            # Batches lie in CPU memory that no device reads asynchronously; torch warns of the missing accelerator.
            warnings.filterwarnings("ignore", message=".*pin_memory.*")
            trainer.train(resume_from_checkpoint=checkpoint)
        report = self._report(trainer)
        draw_curve(self._space.train / LOSS_LOG, self._space.train / LOSS_CURVE, "LoRA fine-tuning")
        if report.steps >= trainer.state.max_steps:
            trainer.save_model(str(self._space.adapter))
            if trainer.is_world_process_zero():
                (self._space.train / REPORT).write_text(
                    report.model_dump_json(indent=2) + "\n", encoding="utf-8"
                )
        return report

    def _trainer(self, model: Any, tokenizer_folder: str, meter: Meter) -> AdapterTrainer:
        settings = self._settings
        peft_model = get_peft_model(
            model,
            LoraConfig(
                r=settings.rank,
                lora_alpha=settings.alpha,
                lora_dropout=settings.dropout,
                target_modules=list(ALL_LINEAR),
                task_type="CAUSAL_LM",
            ),
        )
        if settings.gradient_checkpointing:
            peft_model.enable_input_require_grads()
        tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder, **revision_of(self._recipe))
        padding_id = tokenizer.convert_tokens_to_ids(PADDING)
        trainer = AdapterTrainer(
            model=peft_model,
            args=self._arguments(),
            data_collator=RightPadding(padding_id),
            train_dataset=self._dataset(),
            processing_class=tokenizer,
            callbacks=[_Log(self._space.train / LOSS_LOG, meter, self._tokens_at())],
        )
        trainer.remove_callback(PrinterCallback)  # standard output is for data
        trainer.use_loss(
            label_weight=settings.label_weight,
            share_prefix=settings.share_prefix,
            rows_per_thread=settings.rows_per_thread,
        )
        return trainer

    def _arguments(self) -> SFTConfig:
        settings = self._settings
        on_gpu = torch.cuda.is_available()
        return SFTConfig(
            output_dir=str(self._space.train),
            per_device_train_batch_size=settings.batch_size,
            gradient_accumulation_steps=settings.accumulation,
            num_train_epochs=1,  # the order already holds every epoch
            train_sampling_strategy="sequential",
            learning_rate=settings.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=settings.warmup_share,  # below 1: a share of the steps, on however many processes
            max_grad_norm=1.0,
            bf16=self._recipe.precision == "bfloat16",
            use_cpu=not on_gpu,
            gradient_checkpointing=settings.gradient_checkpointing,
            max_length=None,  # rendering has cut to its budgets
            packing=False,
            dataset_kwargs={"skip_prepare_dataset": True},
            remove_unused_columns=False,
            save_strategy="steps",
            save_steps=settings.save_every_steps,
            save_total_limit=2,
            logging_steps=settings.log_every_steps,
            seed=self._recipe.seed,
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=on_gpu,
        )

    def _dataset(self) -> Dataset:
        rows = Dataset.from_dict(
            {
                "input_ids": [list(example.input_ids) for example in self._examples],
                "labels": [list(example.labels) for example in self._examples],
            }
        )
        return rows.select(self._order)

    def _tokens_at(self) -> list[int]:
        """Tokens read after each step, from step 0 on."""
        totals = [0]
        for start in range(0, len(self._order), self._examples_per_step):
            step = self._order[start : start + self._examples_per_step]
            totals.append(totals[-1] + sum(len(self._examples[index].input_ids) for index in step))
        return totals

    def _report(self, trainer: AdapterTrainer) -> TrainReport:
        steps = int(trainer.state.global_step)
        read = min(steps * self._examples_per_step * trainer.args.world_size, len(self._order))
        tokens = sum(len(self._examples[index].input_ids) for index in self._order[:read])
        trainable = sum(weight.numel() for weight in trainer.model.parameters() if weight.requires_grad)
        return TrainReport(steps=steps, examples=read, tokens=tokens, trainable_parameters=trainable)
