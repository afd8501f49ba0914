"""`verdict rules ...`: keep the legacy rules honest about how often they are right.

Takes: the rules' file and a simulated market. Gives: the precision file that the rules route reports from.
Does not: change a rule.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.market_codes import market_codes

if TYPE_CHECKING:
    from rich.console import Console

    from baselines.rules_config import RulesPrecision

app = typer.Typer(no_args_is_help=True, help="The legacy rules: measure how often each is right.")


@app.callback()
def rules() -> None:
    """The legacy rules."""


@app.command()
def measure(
    config: Annotated[Path, typer.Option(help="The rules.", dir_okay=False, exists=True)] = Path(
        "config/rules_v1.toml"
    ),
    out: Annotated[
        Path | None, typer.Option(help="Where to write; default rules_v1_precision.toml beside the rules.")
    ] = None,
    markets: Annotated[str, typer.Option(help="Markets to simulate, by comma.")] = "SG,ID,BR",
    markets_dir: Annotated[Path, typer.Option(help="The markets' files.", file_okay=False)] = Path(
        "config/markets"
    ),
    cases_per_market: Annotated[int, typer.Option(min=1, help="Calibration cases a market.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 20_250_401,
    as_json: Annotated[bool, typer.Option("--json", help="Also print one JSON line a rule.")] = False,
) -> None:
    """Measure every rule's precision on simulated calibration cases at the natural rate and write it down.

    Example: verdict rules measure --cases-per-market 5000
    """
    from rich.console import Console
    from rich.markup import escape

    from baselines.rules_config import read_rules
    from baselines.rules_measure import measure as measure_rules
    from baselines.rules_measure import to_toml
    from baselines.rules_v1 import PRECISION_FILE, RulesV1
    from cases.errors import VerdictError
    from cases.market import load_markets
    from marketplace.settings import SimulationSettings
    from marketplace.simulate import simulate

    codes = market_codes(markets)
    data = f"simulated calibration split: {', '.join(codes)}; {cases_per_market} cases a market; seed {seed}"
    console = Console(stderr=True)
    try:
        settings = SimulationSettings(codes, seed, cases_per_market, "calibration")
        calibration = (simulated.case for simulated in simulate(settings, load_markets(markets_dir)))
        # A precision file of older rules may lie beside them; what is to be replaced is not read.
        found = measure_rules(RulesV1(read_rules(config)), config, calibration, data=data)
    except VerdictError as error:
        console.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        raise typer.Exit(1) from error
    target = out or config.with_name(PRECISION_FILE)
    target.write_text(to_toml(found), encoding="utf-8")
    console.print(f"measured on {found.cases} cases; wrote {target}", markup=False, soft_wrap=True)
    _tell(found, console, as_json=as_json)


def _tell(found: "RulesPrecision", console: "Console", *, as_json: bool) -> None:
    import json

    for name, count in found.rules.items():
        shown = "too few" if count.precision is None else f"{count.precision:.3f}"
        console.print(f"{name:28} fired {count.fired:5}  precision {shown}")
        if as_json:
            line = {"rule": name, "fired": count.fired, "right": count.right, "precision": count.precision}
            typer.echo(json.dumps(line))
