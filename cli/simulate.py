"""`verdict simulate`: data sets of simulated cases: the benchmark, a split to train on, chats to read.

Takes: markets, numbers, a seed, a folder. Gives: the files; counts on standard output. Does not: print a case.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.market_codes import market_codes

if TYPE_CHECKING:
    from rich.console import Console

    from marketplace.writer import DataSetManifest

app = typer.Typer(
    name="simulate",
    no_args_is_help=True,
    help="Simulate cancelled orders: a labelled benchmark, one split, or unlabelled cases in any number.\n\n"
    "Example: verdict simulate benchmark --out runs/benchmark",
)

_ALL: Final = "SG,PH,MY,ID,VN,TH,TW,BR,MX"
_CONFIG: Final = Path("config/markets")
Out = Annotated[Path, typer.Option(help="The folder to write into.", file_okay=False)]
Codes = Annotated[str, typer.Option("--markets", help="Markets to simulate, by comma.")]
Seed = Annotated[int, typer.Option(help="Same seed and locked versions, same bytes.")]
MarketsDir = Annotated[Path, typer.Option(help="The markets' files.", file_okay=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the manifest as one JSON line.")]
Processes = Annotated[int, typer.Option(help="Processes; 0: one a core.", min=0)]


@app.command()
def benchmark(
    out: Out,
    markets: Codes = _ALL,
    seed: Seed = 1,
    train: Annotated[int, typer.Option(help="Training cases a market.")] = 3_500,
    validation: Annotated[int, typer.Option(help="Validation cases a market.")] = 500,
    calibration: Annotated[int, typer.Option(help="Senior-labelled calibration cases a market.")] = 2_000,
    test: Annotated[int, typer.Option(help="Test cases a market; gold holds the same ones.")] = 1_000,
    label_error: Annotated[float, typer.Option(help="Share of first labels that differ from truth.")] = 0.12,
    processes: Processes = 0,
    markets_dir: MarketsDir = _CONFIG,
    as_json: AsJson = False,
) -> None:
    """Make the labelled benchmark in OUT: splits by market, the team's work beside them, a data card, a manifest.

    Example: verdict simulate benchmark --out runs/benchmark --seed 1
    """
    import json
    from dataclasses import asdict

    from rich.progress import Progress

    from cases.market import load_markets
    from marketplace.benchmark import BENCHMARK_SPLITS, BenchmarkSettings
    from marketplace.benchmark_files import write_benchmark
    from marketplace.labelling import LabellingPlan

    settings = BenchmarkSettings(
        market_codes(markets), seed, train, validation, calibration, test, plan=LabellingPlan(label_error)
    )
    total = sum(settings.cases(split) for split in BENCHMARK_SPLITS) * len(settings.markets)
    with _told() as console, Progress(console=console) as bar:
        task = bar.add_task("simulating", total=total)
        manifest = write_benchmark(
            settings,
            load_markets(markets_dir),
            out,
            processes=_cores(processes),
            progress=lambda counts: bar.advance(task, counts.cases),
        )
    if as_json:
        typer.echo(json.dumps(asdict(manifest), ensure_ascii=False))
        return
    for split in BENCHMARK_SPLITS:
        counts = [c for c in manifest.counts if c.split == split]
        cases, wrong = sum(c.cases for c in counts), sum(c.first_wrong for c in counts)
        typer.echo(f"{split:12} {cases:8} cases  first label differs from truth {wrong / cases:6.1%}")


@app.command()
def split(
    out: Out,
    markets: Codes = _ALL,
    cases: Annotated[int, typer.Option(help="Cases a market.")] = 5_000,
    seed: Seed = 1,
    split: Annotated[str, typer.Option(help="train, validation, calibration or test.")] = "train",
    induced_share: Annotated[
        float | None, typer.Option(help="Share of induced labels; default by split.")
    ] = None,
    markets_dir: MarketsDir = _CONFIG,
    as_json: AsJson = False,
) -> None:
    """One split with the policy's own labels, in the mix that a model is trained on.

    Example: verdict simulate split --markets SG,ID,BR --cases 5000 --seed 1 --split train --out runs/data
    """
    import json
    from dataclasses import asdict

    from rich.progress import Progress

    from cases.market import load_markets
    from marketplace.settings import SimulationSettings, split_named
    from marketplace.simulate import simulate as simulated_cases
    from marketplace.writer import write_data_set

    codes = market_codes(markets)
    with _told() as console:
        settings = SimulationSettings(codes, seed, cases, split_named(split), induced_share)
        found = simulated_cases(settings, load_markets(markets_dir))
        with Progress(console=console) as bar:
            task = bar.add_task(f"simulating {split}", total=cases * len(codes))
            manifest = write_data_set(found, out, settings, lambda _: bar.advance(task))
    if as_json:
        typer.echo(json.dumps(asdict(manifest), ensure_ascii=False))
    else:
        _describe(manifest)


@app.command()
def chats(
    out: Out,
    cases: Annotated[int, typer.Option(help="Cases, over all markets together.")],
    markets: Codes = _ALL,
    seed: Seed = 1,
    processes: Processes = 0,
    markets_dir: MarketsDir = _CONFIG,
    as_json: AsJson = False,
) -> None:
    """Unlabelled cases in shards of 20,000, for pre-training; the same command goes on after a kill.

    Example: verdict simulate chats --cases 2000000 --out runs/chats
    """
    import json
    import time
    from dataclasses import asdict

    from rich.progress import Progress, TimeRemainingColumn

    from cases.market import load_markets
    from marketplace.chats import ChatSettings, write_chats

    settings = ChatSettings(market_codes(markets), seed, cases)
    columns = (*Progress.get_default_columns()[:-1], TimeRemainingColumn())
    began = time.perf_counter()
    done: list[int] = []  # what was there already, then shard by shard
    with _told() as console, Progress(*columns, console=console) as bar:
        task = bar.add_task("simulating", total=cases)

        def tell(more: int) -> None:
            done.append(more)
            bar.advance(task, more)

        manifest = write_chats(
            settings,
            load_markets(markets_dir),
            out,
            processes=_cores(processes),
            progress=tell,
        )
    made, seconds = sum(done[1:]), time.perf_counter() - began
    console.print(f"{made} cases made in {seconds:.0f} s, {made / seconds:.0f} a second", markup=False)
    typer.echo(
        json.dumps(asdict(manifest)) if as_json else f"{manifest.cases} cases in {len(manifest.files)} shards"
    )


def _cores(processes: int) -> int:
    return processes or len(os.sched_getaffinity(0))


def _console() -> "Console":
    from rich.console import Console

    return Console(stderr=True)


@contextmanager
def _told() -> "Iterator[Console]":
    """Faults of the project's own tree become one red line and exit code 1."""
    from cases.errors import VerdictError

    console = _console()
    try:
        yield console
    except VerdictError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error


def _describe(manifest: "DataSetManifest") -> None:
    for verdict, count in manifest.verdicts.items():
        typer.echo(f"{verdict:14} {count:8} {count / manifest.cases:6.1%}")
    for file in manifest.files:
        typer.echo(f"{file.name:24} {file.bytes:10} bytes  sha256 {file.sha256}")
