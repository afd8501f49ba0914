"""`verdict finetune`: from data to a model that is served, stage by stage.

Takes: a recipe and perhaps a file of labelled cases. Gives: a run's folder and a model's folder.
Does not: do a stage's work; `finetune.stages` does.
"""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="finetune",
    no_args_is_help=True,
    help="Train the model: tokenizer, base, adapter, merge, calibration. Every stage can be resumed.\n\n"
    "Example: verdict finetune all --recipe config/recipes/demo.toml --resume",
)

Recipe = Annotated[
    Path,
    typer.Option("--recipe", exists=True, dir_okay=False, help="Recipe, such as config/recipes/demo.toml."),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        exists=True,
        dir_okay=False,
        help="Your labelled cases, .jsonl or .parquet, for the simulator's.",
    ),
]
Work = Annotated[Path | None, typer.Option("--work", help="Folder of the run; default runs/<recipe>.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="Folder of the model; default models/<its model name>.")
]
Markets = Annotated[Path, typer.Option("--markets", help="Folder of the markets' configuration.")]
Resume = Annotated[
    bool, typer.Option("--resume/--restart", help="Take up the last checkpoint, or begin anew (the default).")
]

_MARKETS = Path("config/markets")


@app.command()
def tokenizer(recipe: Recipe, work: Work = None, markets: Markets = _MARKETS, resume: Resume = False) -> None:
    """Train the base's tokenizer on simulated cases.

    Example: verdict finetune tokenizer --recipe config/recipes/demo.toml
    """
    _run(("tokenizer",), recipe, None, (work, None), markets, resume)


@app.command()
def pretrain(recipe: Recipe, work: Work = None, markets: Markets = _MARKETS, resume: Resume = False) -> None:
    """Pre-train the base on simulated cases without labels.

    Example: verdict finetune pretrain --recipe config/recipes/demo.toml --resume
    """
    _run(("pretrain",), recipe, None, (work, None), markets, resume)


@app.command()
def train(
    recipe: Recipe, data: Data = None, work: Work = None, markets: Markets = _MARKETS, resume: Resume = False
) -> None:
    """Train the LoRA adapter on labelled cases.

    Example: verdict finetune train --recipe config/recipes/llama-3.1-8b.toml --data labelled.parquet
    """
    _run(("train",), recipe, data, (work, None), markets, resume)


@app.command()
def merge(
    recipe: Recipe, data: Data = None, work: Work = None, out: Out = None, markets: Markets = _MARKETS
) -> None:
    """Write the model's folder: merged checkpoint, adapter, manifest and card.

    Example: verdict finetune merge --recipe config/recipes/demo.toml --out models/verdict-demo
    """
    _run(("merge",), recipe, data, (work, out), markets, False)


@app.command()
def calibrate(
    recipe: Recipe, data: Data = None, work: Work = None, out: Out = None, markets: Markets = _MARKETS
) -> None:
    """Fit temperature and bias of each market and print the calibration error before and after.

    Example: verdict finetune calibrate --recipe config/recipes/demo.toml --out models/verdict-demo
    """
    _run(("calibrate",), recipe, data, (work, out), markets, False)


@app.command(name="all")
def every_stage(
    recipe: Recipe,
    data: Data = None,
    work: Work = None,
    out: Out = None,
    markets: Markets = _MARKETS,
    resume: Resume = False,
) -> None:
    """All stages, one after the other; with --resume, finished ones are passed over.

    Example: verdict finetune all --recipe config/recipes/demo.toml --resume
    """
    _run(("tokenizer", "pretrain", "train", "merge", "calibrate"), recipe, data, (work, out), markets, resume)


def _run(
    stages: tuple[str, ...],
    recipe_path: Path,
    data: Path | None,
    folders: tuple[Path | None, Path | None],
    markets: Path,
    resume: bool,
) -> None:
    from rich.console import Console
    from rich.markup import escape

    from cases.errors import VerdictError
    from cases.market import load_markets
    from finetune.recipe import load_recipe
    from finetune.sources import LabelledSource
    from finetune.stages import Stages
    from finetune.workspace import Workspace

    console = Console(stderr=True)
    try:
        recipe = load_recipe(recipe_path)
        work, out = folders
        source = LabelledSource(recipe, load_markets(markets), data)
        run = Stages(
            source,
            Workspace(work or Path("runs") / recipe.name),
            out or Path("models") / recipe.model,
            resume,
        )
        for stage in stages:
            for line in run.run(stage):
                console.print(line, markup=False, soft_wrap=True)
    except VerdictError as error:
        console.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        raise typer.Exit(1) from error
