"""The report: every line of what must be shown, the required figure beside the measured one.

Takes: a `Page`, stored sections and the machine. Gives: <stem>.md, <stem>.json and the pictures. Does not: measure, or
leave out a line that falls short.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.charts import draw
from benchmarks.machine import Machine
from benchmarks.results import HOLDS, Chart, Line, StoredSection, Table


@dataclass(frozen=True, slots=True)
class Page:
    """One report: its title, the command that makes it, its files' stem, its working folder.

    `measured_on` says in one sentence what was measured, with `{subject}` where the stamps' names go.
    """

    title: str
    command: str
    stem: str
    work: Path
    measured_on: str
    asks_model: bool


def write_report(
    folder: Path, page: Page, sections: Sequence[str], stored: Mapping[str, StoredSection], machine: Machine
) -> None:
    """Write all files into `folder`; sections that have not run are named."""
    folder.mkdir(parents=True, exist_ok=True)
    text = markdown(page, sections, stored, machine)
    (folder / f"{page.stem}.md").write_text(text, encoding="utf-8")
    for name in sections:
        if name in stored:
            for number, chart in enumerate(stored[name].result.charts):
                draw(chart, folder / _picture(page, stored[name], number))
    whole = {
        "command": page.command,
        "machine": machine.model_dump(mode="json"),
        "sections": {name: stored[name].model_dump(mode="json") for name in sections if name in stored},
    }
    (folder / f"{page.stem}.json").write_text(
        json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def markdown(
    page: Page, sections: Sequence[str], stored: Mapping[str, StoredSection], machine: Machine
) -> str:
    """The report as a page."""
    done = [stored[name] for name in sections if name in stored]
    missing = [name for name in sections if name not in stored]
    parts = [
        f"# {page.title}",
        _opening(page, done, machine),
        *([f"Not run yet: {', '.join(missing)}."] if missing else []),
        _summary([line for one in done for line in one.result.lines]),
        *(_section(page, one) for one in done),
    ]
    return "\n\n".join(parts) + "\n"


def _opening(page: Page, done: Sequence[StoredSection], machine: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    subject = ", ".join(dict.fromkeys(one.stamp.model for one in done)) or "none"
    minutes = sum(one.stamp.wall_s for one in done) / 60
    quick = (
        " **Quick run: these figures only show that the code works.**"
        if any(s.stamp.quick for s in done)
        else ""
    )
    return (
        f"Made by `{page.command}`.{quick}\n\n"
        f"- Machine: {machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB, {machine.system}; no GPU.\n"
        f"- Versions: Python {machine.python}, {versions}.\n"
        f"- {page.measured_on.format(subject=subject)}; {minutes:.0f} minutes in all.\n"
        "- Brackets hold 95 % intervals. Times are p50 and p99."
    )


def _summary(lines: Sequence[Line]) -> str:
    required = [line for line in lines if line.holds is not None]
    held = sum(bool(line.holds) for line in required)
    rows = [(line.what, line.required, line.measured, str(line.n), mark(line)) for line in lines]
    heading = f"**{held} of {len(required)} required lines hold.**"
    return heading + "\n\n" + grid(("what", "required", "measured", "n", ""), rows)


def mark(line: Line) -> str:
    """Whether a line holds, falls short or is only reported; what falls short stands out."""
    return f"**{HOLDS[line.holds]}**" if line.holds is False else HOLDS[line.holds]


def _section(page: Page, one: StoredSection) -> str:
    stamp = one.stamp
    parts = [
        f"## {one.result.section}",
        f"{stamp.began_at}, commit {stamp.commit}, {stamp.wall_s:.0f} s; load average before: {stamp.load_before}.",
        *(_shown(chart, _picture(page, one, number)) for number, chart in enumerate(one.result.charts)),
        *(_table(table) for table in one.result.tables),
        *one.result.notes,
    ]
    return "\n\n".join(parts)


def _picture(page: Page, one: StoredSection, number: int) -> str:
    return f"{page.stem}-{one.result.section}-{number + 1}.png"


def _shown(chart: Chart, name: str) -> str:
    return f"![{chart.title}]({name})"


def _table(table: Table) -> str:
    note = f"\n\n{table.note}" if table.note else ""
    body = grid(table.columns, table.rows) if table.rows else "None."
    return f"### {table.title}\n\n{body}{note}"


def grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; no cell can break out of it."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
