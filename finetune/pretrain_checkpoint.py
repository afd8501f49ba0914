"""Checkpoints of a pre-training run: everything that the next step depends on.

Takes: model, optimiser and the run's place. Gives: one file, replaced whole, and its reading back.
Does not: keep older checkpoints. A run that is killed at any moment finds either the old file or the new one.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from finetune.optimiser import PretrainOptimiser


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands: steps done, the shard being read and the batches used of it, tokens and seconds so far."""

    step: int = 0
    shard: int = 0
    batch: int = 0
    tokens: int = 0
    seconds: float = 0.0


def save_checkpoint(path: Path, model: nn.Module, optimiser: PretrainOptimiser, place: Place) -> None:
    """Write the checkpoint beside `path` and move it into place."""
    partial = path.with_suffix(".partial")
    state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "place": asdict(place)}
    torch.save(state, partial)
    partial.replace(path)


def load_checkpoint(path: Path, model: nn.Module, optimiser: PretrainOptimiser) -> Place:
    """Put `model` and `optimiser` back as they were; the place of a fresh run when there is no file."""
    if not path.exists():
        return Place()
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    return Place(**state["place"])
