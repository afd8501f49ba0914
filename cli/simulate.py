"""`verdict simulate`: write a simulated data set.

Takes: markets, a number of cases, a seed, a split, a folder. Gives: the files; class rates on standard output.
Does not: print a case.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from marketplace.writer import DataSetManifest


def simulate(
    out: Annotated[Path, typer.Option(help="The folder to write into.", file_okay=False)],
    markets: Annotated[str, typer.Option(help="Markets to simulate, by comma.")] = "SG,ID,BR",
    cases: Annotated[int, typer.Option(help="Cases a market.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Same seed and locked versions, same bytes.")] = 1,
    split: Annotated[str, typer.Option(help="train, validation, calibration or test.")] = "train",
    induced_share: Annotated[
        float | None, typer.Option(help="Share of induced labels; default by split.")
    ] = None,
    markets_dir: Annotated[Path, typer.Option(help="The markets' files.", file_okay=False)] = Path(
        "config/markets"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as one JSON line.")] = False,
) -> None:
    """Simulate cancelled orders with their labels into OUT: JSONL, Parquet, hidden truths, manifest.

    Example: verdict simulate --markets SG,ID,BR --cases 5000 --seed 1 --split train --out runs/data
    """
    import json
    import time
    from dataclasses import asdict

    from rich.console import Console
    from rich.progress import Progress

    from cases.errors import VerdictError
    from cases.market import load_markets
    from marketplace.settings import SimulationSettings, split_named
    from marketplace.simulate import simulate as simulated_cases
    from marketplace.writer import write_data_set

    console = Console(stderr=True)
    codes = tuple(code.strip() for code in markets.split(",") if code.strip())
    began = time.perf_counter()
    try:
        settings = SimulationSettings(codes, seed, cases, split_named(split), induced_share)
        found = simulated_cases(settings, load_markets(markets_dir))
        with Progress(console=console) as bar:
            task = bar.add_task(f"simulating {split}", total=cases * len(codes))
            manifest = write_data_set(found, out, settings, lambda _: bar.advance(task))
    except VerdictError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    rate = manifest.cases / (time.perf_counter() - began)
    console.print(f"{manifest.cases} cases in {out}, {rate:.0f} a second", markup=False, soft_wrap=True)
    if as_json:
        typer.echo(json.dumps(asdict(manifest), ensure_ascii=False))
    else:
        _describe(manifest)


def _describe(manifest: "DataSetManifest") -> None:
    for verdict, count in manifest.verdicts.items():
        typer.echo(f"{verdict:14} {count:8} {count / manifest.cases:6.1%}")
    for file in manifest.files:
        typer.echo(f"{file.name:24} {file.bytes:10} bytes  sha256 {file.sha256}")
