"""`verdict classify FILE.jsonl`: a batch through the service, in input order, resumable.

Takes: a JSONL file of cases and a running service. Gives: one line a case; exit 0 only when all were answered, 1 when
some were not, 2 when the batch could not be finished, 130 when it was interrupted. Does not: start the service.
"""

import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from client.batch import BatchJob
    from client.results import BatchSummary

Until = Literal["verdict", "factors", "reasoning"]
Route = Literal["auto", "llm", "rules"]

NOT_FINISHED = 2
INTERRUPTED = 130
_SILENCE_S = 300.0
_ATTEMPTS = 30  # nobody waits at the screen for one row: better late than refused


def classify(
    source: Annotated[
        Path, typer.Argument(metavar="FILE.jsonl", exists=True, dir_okay=False, help="One case a line.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="The answers; default FILE.decisions.jsonl. Also where to resume."),
    ] = None,
    url: Annotated[str, typer.Option(help="Address of the service.")] = "http://127.0.0.1:8000",
    until: Annotated[Until, typer.Option(help="How far to go; the rest is not generated.")] = "reasoning",
    route: Annotated[Route, typer.Option(help="How to reach the verdict.")] = "auto",
    deadline_ms: Annotated[
        int, typer.Option(min=1, max=600_000, help="Time to verdict before the fallback answers.")
    ] = 30_000,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Cases in flight.")] = 16,
    as_json: Annotated[
        bool, typer.Option("--json", help="Also print the result lines on standard output.")
    ] = False,
) -> None:
    """Classify every case of a file; exit 0 only when all were answered.

    The same command again goes on where it was cut off, and asks again for what failed or was changed.

    Example: verdict classify eval/golden/dev.jsonl --until verdict --out verdicts.jsonl
    """
    from rich.console import Console

    from client.batch import BatchJob

    target = out or source.with_suffix(".decisions.jsonl")
    job = BatchJob(source, target, {"until": until, "route": route, "deadline_ms": deadline_ms}, concurrency)
    console = Console(stderr=True, highlight=False)
    summary = _run(job, url, console)
    _report(summary, target, console)
    if as_json:
        with target.open("rb") as lines:
            for line in lines:
                typer.echo(line, nl=False)
    raise typer.Exit(1 if summary.failed else 0)


def _run(job: "BatchJob", url: str, console: "Console") -> "BatchSummary":
    """The batch with its trouble told; raises typer.Exit when it was not finished."""
    from rich.markup import escape

    from client.errors import ClientError, ServiceUnreachable
    from client.journal import journal_path

    kept = f"what was answered is kept in {journal_path(job.target)}; the same command goes on from there"
    try:
        return asyncio.run(_classify(job, url, console))
    except ServiceUnreachable as error:
        console.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        console.print(f"start the service with: make serve; {kept}", soft_wrap=True, markup=False)
        raise typer.Exit(NOT_FINISHED) from error
    except ClientError as error:
        console.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        raise typer.Exit(NOT_FINISHED) from error
    except KeyboardInterrupt as error:
        console.print(f"interrupted; {kept}", soft_wrap=True, markup=False)
        raise typer.Exit(INTERRUPTED) from error


async def _classify(job: "BatchJob", url: str, console: "Console") -> "BatchSummary":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from client.batch import run_batch, until_ready
    from client.client import Retries, VerdictClient
    from client.rows import count_rows

    columns = (
        TextColumn("classify"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    counts: Counter[str] = Counter()
    silence_s = int(job.options.get("deadline_ms") or 0) / 1000 + _SILENCE_S
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=count_rows(job.source))

        def tell(status: str) -> None:
            counts[status] += 1
            shown = " · ".join(f"{number} {name}" for name, number in sorted(counts.items()))
            progress.update(task, advance=1, description=shown)

        async with VerdictClient(
            url, connections=job.concurrency, timeout_s=silence_s, retries=Retries(attempts=_ATTEMPTS)
        ) as client:
            if job.options.get("route") != "rules":
                await until_ready(client, _TellOnce(console))
            return await run_batch(job, client, tell)


class _TellOnce:
    """Says why there is nothing to see yet, each reason once."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._told = ""

    def __call__(self, why: str) -> None:
        if why != self._told:
            self._console.print(f"waiting for the service: {why}", soft_wrap=True, markup=False)
        self._told = why


def _report(summary: "BatchSummary", target: Path, console: "Console") -> None:
    from rich.markup import escape

    from client.errors import ProblemError

    for row in summary.faults:
        why = "" if row.problem is None else str(ProblemError(row.problem))
        console.print(f"[red]{escape(row.case_id)}[/red] {escape(f'{row.status}: {why}')}", soft_wrap=True)
    if summary.failed > len(summary.faults):
        console.print(f"... and {summary.failed - len(summary.faults)} more")
    by_fallback = f" ({summary.degraded} of them degraded)" if summary.degraded else ""
    told = f"{summary.answered} answered{by_fallback}, {summary.failed} not; wrote {target}"
    console.print(told, soft_wrap=True, markup=False)
