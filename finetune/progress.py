"""How a run shows itself: a log of JSON lines, a picture of the loss, and a bar on standard error.

Takes: steps and losses. Gives: `loss.jsonl`, `loss.png`, a progress bar. Does not: decide anything by them.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

LOSS_LOG: Final = "loss.jsonl"
LOSS_CURVE: Final = "loss.png"


class LossRow(BaseModel):
    """One line of the log; `loss` is the mean over the steps since the line before, in nats."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    loss: float
    tokens: int
    seconds: float
    extra: dict[str, float] = {}


class Meter(Protocol):
    """What a stage tells of its progress."""

    def __call__(self, done: int, note: str) -> None:
        """`done` steps of the total are done; `note` is a word on how it goes."""


def append_row(log: Path, row: LossRow) -> None:
    """Add one line, whole or not at all to a reader that takes whole lines."""
    with log.open("a", encoding="utf-8") as stream:
        stream.write(row.model_dump_json() + "\n")


def read_rows(log: Path) -> list[LossRow]:
    """The rows of a log in step order; after a resumed run, the later of two rows of one step."""
    if not log.exists():
        return []
    rows = (LossRow.model_validate(json.loads(line)) for line in log.read_text(encoding="utf-8").splitlines())
    by_step = {row.step: row for row in rows}
    return [by_step[step] for step in sorted(by_step)]


def draw_curve(log: Path, picture: Path, title: str) -> None:
    """Draw loss over tokens from `log`; nothing is drawn while the log is empty."""
    rows = read_rows(log)
    if not rows:
        return
    figure = Figure(figsize=(7, 4))
    FigureCanvasAgg(figure)
    axes: Any = figure.subplots()
    axes.plot([row.tokens / 1e6 for row in rows], [row.loss for row in rows])
    axes.set(title=title, xlabel="million tokens", ylabel="loss (nats a token)", yscale="log")
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(picture, dpi=110)


@contextmanager
def bar(title: str, total: int, start: int = 0) -> Iterator[Meter]:
    """A progress bar on standard error, from `start` of `total` steps on."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=Console(stderr=True)) as shown:
        task = shown.add_task(title, total=total, completed=start, note="")
        yield lambda done, note: shown.update(task, completed=done, note=note)
