"""`verdict demo`: start the service with the shipped model and watch ten decisions arrive.

Takes: the golden cases and the model that the service serves. Gives: a terminal picture of ten streams; exit 0 when all
ended with a decision and the model, not only its fallback, answered.
Does not: leave a service behind when it ends, is interrupted or is told to stop.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from cases.case import LabelledCase
    from cli.demo_picture import CasePicture, Shown
    from cli.service_process import ServiceProcess
    from client.client import VerdictClient

Until = Literal["verdict", "factors", "reasoning"]

ROOT: Final = Path(__file__).resolve().parents[1]
LOG: Final = ROOT / "var" / "demo-service.log"
INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class Asking:
    """The options that every case of the demo is asked with."""

    until: Until = "reasoning"
    deadline_ms: int = 1000


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop the service after the ten cases.")] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the service; 0 takes a free one.")
    ] = 8000,
    until: Annotated[Until, typer.Option(help="How far to go; the rest is not generated.")] = "reasoning",
    deadline_ms: Annotated[
        int, typer.Option(min=1, max=600_000, help="Time to verdict before rules answer instead.")
    ] = 1000,
) -> None:
    """Start a real vLLM with the shipped model and stream decisions for ten golden cases.

    Example: verdict demo --once
    """
    from rich.console import Console

    from cases.errors import VerdictError
    from cli.service_process import ServiceProcess

    console = Console(highlight=False)
    progress = Console(stderr=True, highlight=False)
    try:
        cases = demo_cases()
        progress.print("starting the service and its vLLM; on two cores this takes about a minute")
        with ServiceProcess.started(port, LOG, progress) as service:
            good = asyncio.run(show_all(service.url, cases, Asking(until, deadline_ms), console))
            if good and not once:
                _stay(service, console)
    except VerdictError as error:
        progress.print(f"{type(error).__name__}: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(INTERRUPTED) from interrupt
    raise typer.Exit(0 if good else 1)


def demo_cases() -> "list[LabelledCase]":
    """The ten cases, by the rule of `eval.demo_cases`. Raises ConfigError or ModelFileError."""
    from cases.market import load_markets
    from eval.demo_cases import choose_demo_cases
    from eval.sets import load_golden
    from serving.model_files import load_model_card
    from serving.settings import load_settings

    settings = load_settings()
    card = load_model_card(settings.model_dir, prompt_version=settings.prompt_version)
    return choose_demo_cases(load_golden(load_markets(settings.markets_dir)), card.trained_markets)


async def show_all(url: str, cases: "Sequence[LabelledCase]", asking: Asking, console: "Console") -> bool:
    """Ask for every case in turn and print what comes; whether all ended well and the model answered.

    Raises ServiceUnreachable when the service is gone.
    """
    from cli.demo_picture import CasePicture, summary_line
    from client.client import VerdictClient

    shown: list[Shown] = []
    async with VerdictClient(url) as client:
        for number, case in enumerate(cases, 1):
            picture = CasePicture(console, case)
            picture.headline(number, len(cases))
            await _show(client, case, asking, picture)
            shown.append(picture.shown)
    console.print()
    console.print(summary_line(shown), soft_wrap=True)
    return all(one.ended_well for one in shown) and not all(one.by_fallback for one in shown)


async def _show(
    client: "VerdictClient", case: "LabelledCase", asking: Asking, picture: "CasePicture"
) -> None:
    from contextlib import aclosing

    from client.errors import ConnectionBroken, ProblemError

    body = case.model_dump(mode="json", exclude={"label"}, exclude_none=True)
    stream = client.stream(body, until=asking.until, deadline_ms=asking.deadline_ms)
    try:
        async with aclosing(stream) as events:
            async for event in events:
                picture.show(event)
    except (ProblemError, ConnectionBroken) as error:
        picture.trouble(str(error))


def _stay(service: "ServiceProcess", console: "Console") -> None:
    """Leave the service up until it ends or the user ends it."""
    from cases.errors import EngineUnavailable

    console.print(f"\nThe service stays up on {service.url} (try {service.url}/docs). Ctrl-C ends it.")
    try:
        code = service.wait()
    except KeyboardInterrupt:
        return
    raise EngineUnavailable(
        f"the service ended by itself with exit code {code}: {service.last_words()}; see {service.log}"
    )
