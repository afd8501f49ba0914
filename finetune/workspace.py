"""Where a run keeps its stages: one folder, one sub-folder a stage, so that each stage can be resumed by itself.

Takes: the run's folder. Gives: the paths of every stage. Does not: create or read them.
"""

from dataclasses import dataclass
from pathlib import Path

from cases.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Workspace:
    """The paths below `root`."""

    root: Path

    @property
    def tokenizer(self) -> Path:
        """`tokenizer.json` and the files that transformers wants beside it."""
        return self.root / "tokenizer"

    @property
    def pretrain(self) -> Path:
        """The base's checkpoints, loss log and loss curve."""
        return self.root / "pretrain"

    @property
    def base(self) -> Path:
        """The finished base model."""
        return self.root / "base"

    @property
    def train(self) -> Path:
        """The trainer's checkpoints, loss log and loss curve."""
        return self.root / "train"

    @property
    def adapter(self) -> Path:
        """The finished adapter."""
        return self.root / "adapter"


def require(path: Path, made_by: str) -> Path:
    """`path` if it exists; else ConfigError saying which stage makes it."""
    if not path.exists():
        raise ConfigError(f"{path} is missing: run `verdict finetune {made_by}` first")
    return path
