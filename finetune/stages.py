"""The stages of a run, in order: tokenizer, base, adapter, merge, calibration. This page is their table of contents.

Takes: where labelled cases come from, a run's folder and a model's folder. Gives: one method a stage, and lines that
tell what it made. Does not: do the work of a stage; each has a module of its own.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from finetune.base_model import load_base, tokenizer_file, tokenizer_folder
from finetune.calibrate import Scored, calibrate, label_index, write_calibration
from finetune.corpus import ReadingShards, tokenizer_texts
from finetune.examples import ExampleMaker
from finetune.label_forward import label_logprobs
from finetune.lora import REPORT, LoraTraining
from finetune.manifest import MANIFEST_NAME, verify_manifest
from finetune.merge import ADAPTER, MERGED, merge
from finetune.pretrain import Pretraining
from finetune.progress import bar
from finetune.recipe import Recipe
from finetune.sources import LabelledSource
from finetune.tokenizer_training import train_tokenizer
from finetune.workspace import Workspace, require
from prompts.tokenizer import PromptTokenizer


class Stages:
    """One run. With `resume`, a finished stage is passed over and a broken one taken up; else it begins anew."""

    def __init__(self, source: LabelledSource, space: Workspace, model_folder: Path, resume: bool) -> None:
        self._source = source
        self._recipe: Recipe = source.recipe
        self._space = space
        self._folder = model_folder
        self._resume = resume
        self._stages: Mapping[str, Callable[[], Iterator[str]]] = {
            "tokenizer": self._tokenizer_stage,
            "pretrain": self._pretrain_stage,
            "train": self._train_stage,
            "merge": self._merge_stage,
            "calibrate": self._calibrate_stage,
        }

    def run(self, stage: str) -> Iterator[str]:
        """Run one stage; the lines tell a person what it made. Raises VerdictError when it cannot be run."""
        return self._stages[stage]()

    def _tokenizer_stage(self) -> Iterator[str]:
        settings = self._recipe.tokenizer
        if settings is None:
            yield "tokenizer: the base brings its own"
            return
        if self._resume and (self._space.tokenizer / "tokenizer.json").exists():
            yield "tokenizer: done before"
            return
        texts = tokenizer_texts(self._recipe, self._source.markets)
        tokenizer = train_tokenizer(texts, settings.vocab_size, self._space.tokenizer)
        yield f"tokenizer: {tokenizer.vocab_size} entries in {self._space.tokenizer}"

    def _pretrain_stage(self) -> Iterator[str]:
        settings = self._recipe.pretrain
        if settings is None:
            yield "pretrain: the base is a checkpoint"
            return
        if self._resume and (self._space.base / "config.json").exists():
            yield "pretrain: done before"
            return
        if not self._resume and self._space.pretrain.exists():
            shutil.rmtree(self._space.pretrain)
        shards = ReadingShards(self._recipe, self._tokenizer_json, self._source.markets)
        run = Pretraining(self._recipe, self._space, self._tokenizer(), shards)
        done = run.resume() if self._resume else 0
        with bar("pretrain", settings.steps, done) as meter:
            report = run.run(meter)
        yield (
            f"pretrain: {report.tokens:,} tokens in {report.seconds:,.0f} s; bits a byte "
            f"{report.bits_per_byte_before:.3f} -> {report.bits_per_byte_after:.3f}"
        )

    def _train_stage(self) -> Iterator[str]:
        if self._resume and (self._space.train / REPORT).exists():
            yield "train: done before"
            return
        if not self._resume:
            for folder in (self._space.train, self._space.adapter) if _first_process() else ():
                shutil.rmtree(folder, ignore_errors=True)
        maker = self._example_maker()
        with bar("examples", self._source.training_count()) as meter:
            examples = []
            for example in maker.examples(self._source.training()):
                examples.append(example)
                meter(len(examples), "")
        run = LoraTraining(self._recipe, self._space, examples)
        with bar("train", run.steps) as meter:
            report = run.run(self._base(), self._tokenizer_source, meter, resume=self._resume)
        yield f"train: {report.examples:,} examples, {report.tokens:,} tokens, adapter in {self._space.adapter}"

    def _merge_stage(self) -> Iterator[str]:
        manifest = merge(self._source, self._space, self._folder)
        yield f"merge: {self._folder}, model {manifest.model_sha256[:12]}"

    def _calibrate_stage(self) -> Iterator[str]:
        require(self._folder / MANIFEST_NAME, "merge")
        manifest = verify_manifest(self._folder)
        cases = list(self._source.calibration())
        tokenizer = self._tokenizer()
        maker = self._example_maker()
        prompts = [maker.prompt(case) for case in cases]
        with bar("calibrate", len(prompts)) as meter:
            logprobs = label_logprobs(
                self._served_model(), prompts, tokenizer, self._recipe.calibrate.batch_size, meter
            )
        scored = [
            Scored(case.market, row, label_index(case)) for case, row in zip(cases, logprobs, strict=True)
        ]
        found = calibrate(scored, manifest.model_sha256, self._recipe.data.prompt_version)
        write_calibration(self._folder, found)
        for market, fit in found.markets.items():
            yield (
                f"calibrate {market}: n {fit.n}, temperature {fit.temperature:.3f}, calibration error "
                f"{fit.ece_before:.4f} -> {fit.ece_after:.4f}"
            )

    def _served_model(self) -> Any:
        """What is served, for a forward pass: on the GPU where there is one."""
        device = "cuda" if torch.cuda.is_available() else "cpu"
        if self._recipe.serve == "merged":
            dtype = getattr(torch, self._recipe.precision)
            merged = AutoModelForCausalLM.from_pretrained(str(self._folder / MERGED), dtype=dtype)
            return merged.to(device)
        adapted = PeftModel.from_pretrained(self._base(), str(self._folder / ADAPTER))
        return (
            adapted if self._recipe.lora.four_bit else adapted.to(device)
        )  # 4-bit weights are there already

    def _base(self) -> Any:
        if self._recipe.base.kind == "pretrain":
            require(self._space.base / "config.json", "pretrain")
        return load_base(self._recipe, self._space.base)

    def _example_maker(self) -> ExampleMaker:
        return ExampleMaker(self._recipe.data.prompt_version, self._tokenizer(), self._source.markets)

    def _tokenizer(self) -> PromptTokenizer:
        return PromptTokenizer(self._tokenizer_json)

    @property
    def _tokenizer_json(self) -> str:
        return tokenizer_file(self._recipe, self._space.tokenizer).read_text(encoding="utf-8")

    @property
    def _tokenizer_source(self) -> str:
        return tokenizer_folder(self._recipe, self._space.tokenizer)


def _first_process() -> bool:
    """Of several that train together (accelerate, torchrun), the one that may clear folders."""
    return os.environ.get("RANK", "0") == "0"
