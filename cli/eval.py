"""`verdict eval ...`: measure a running service.

Takes: a running service (or starts one) and how many cases. Gives: figures with 95 % intervals; with `--json` one line.
Does not: compare with rivals (`python -m benchmarks.main_job --only quality` does).
"""

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.market_codes import market_codes

if TYPE_CHECKING:
    from rich.console import Console

    from cases.case import LabelledCase
    from eval.quality import Answers
    from eval.scores import Scores

app = typer.Typer(no_args_is_help=True, help="Measure the verdicts of a running service.")
_ROOT = Path(__file__).resolve().parents[1]


@app.callback()
def evaluate() -> None:
    """Measure the verdicts of a running service."""


@app.command()
def quality(
    n: Annotated[int, typer.Option(min=1, help="Unseen simulated cases, the markets in turn.")] = 2_000,
    markets: Annotated[str, typer.Option(help="Markets to simulate, by comma.")] = "SG,ID,BR",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 20_251_201,
    url: Annotated[str, typer.Option(help="Address of the service.")] = "http://127.0.0.1:8000",
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Cases in flight.")] = 16,
    at_least: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Gate: exit 1 when macro-F1 is lower.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line on standard output.")] = False,
) -> None:
    """Ask for verdicts on simulated cases with held-out wordings and score them.

    Example: verdict eval quality --n 2000 --json
    """
    import asyncio
    import json

    from rich.console import Console
    from rich.markup import escape

    from cases.errors import VerdictError
    from cases.market import load_markets
    from eval.quality import labels_of
    from eval.scores import score
    from eval.sets import SimulatedSet, simulated_cases

    console = Console(stderr=True, highlight=False)
    codes = market_codes(markets)

    try:
        pool = simulated_cases(SimulatedSet(codes, n, seed), load_markets(_ROOT / "config" / "markets"))
        cases = [simulated.case for simulated in pool]
        answers = asyncio.run(_ask(cases, url, concurrency, console))
    except VerdictError as error:
        console.print(f"[red]{type(error).__name__}[/red]: {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(2) from error
    scores = score(labels_of(cases), answers.verdicts, answers.probabilities)
    _show(scores, console)
    if as_json:
        typer.echo(json.dumps({"markets": codes, "seed": seed, **_without_nan(asdict(scores))}))
    if at_least is not None and scores.macro_f1.value < at_least:
        console.print(f"[red]macro-F1 is under {at_least}[/red]")
        raise typer.Exit(1)


def _without_nan(figures: dict[str, Any]) -> dict[str, Any]:
    """A figure of nothing (precision of a verdict never given) becomes null: JSON has no NaN."""
    nested = {name: _without_nan(one) if isinstance(one, dict) else one for name, one in figures.items()}
    return {name: None if isinstance(one, float) and math.isnan(one) else one for name, one in nested.items()}


async def _ask(cases: "list[LabelledCase]", url: str, concurrency: int, console: "Console") -> "Answers":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from client.client import VerdictClient
    from eval.quality import answers_to

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("verdicts", total=len(cases))
        async with VerdictClient(url, connections=concurrency, timeout_s=600.0) as client:
            return await answers_to(
                client, cases, concurrency, lambda done: progress.update(task, completed=done)
            )


def _show(scores: "Scores", console: "Console") -> None:
    from eval.figures import figure, percent

    lines = [
        f"{scores.n} cases",
        f"accuracy              {percent(scores.accuracy)}",
        f"macro-F1              {figure(scores.macro_f1)}",
        f"precision of induced  {percent(scores.precision_induced)} of {scores.called_induced}",
        f"recall of induced     {percent(scores.recall_induced)}",
    ]
    if scores.ece is not None:
        lines.append(f"calibration error     {figure(scores.ece)}")
    console.print("\n".join(lines))
