"""The report: every line of what must be shown, the required figure beside the measured one.

Takes: stored sections and the machine. Gives: main-job.md and main-job.json. Does not: measure, or
leave out a line that falls short.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.machine import Machine
from benchmarks.results import HOLDS, Line, StoredSection, Table

COMMAND = "python -m benchmarks.main_job"


def write_report(
    folder: Path, sections: Sequence[str], stored: Mapping[str, StoredSection], machine: Machine
) -> None:
    """Write both files into `folder`; sections that have not run are named."""
    folder.mkdir(parents=True, exist_ok=True)
    text = markdown(sections, stored, machine)
    (folder / "main-job.md").write_text(text, encoding="utf-8")
    whole = {
        "command": COMMAND,
        "machine": machine.model_dump(mode="json"),
        "sections": {name: stored[name].model_dump(mode="json") for name in sections if name in stored},
    }
    (folder / "main-job.json").write_text(
        json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def markdown(sections: Sequence[str], stored: Mapping[str, StoredSection], machine: Machine) -> str:
    """The report as a page."""
    done = [stored[name] for name in sections if name in stored]
    missing = [name for name in sections if name not in stored]
    parts = [
        "# The main job, measured",
        _opening(done, machine),
        *([f"Not run yet: {', '.join(missing)}."] if missing else []),
        _summary([line for one in done for line in one.result.lines]),
        *(_section(one) for one in done),
    ]
    return "\n\n".join(parts) + "\n"


def _opening(done: Sequence[StoredSection], machine: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    models = ", ".join(dict.fromkeys(one.stamp.model for one in done)) or "none"
    minutes = sum(one.stamp.wall_s for one in done) / 60
    quick = (
        " **Quick run: these figures only show that the code works.**"
        if any(s.stamp.quick for s in done)
        else ""
    )
    return (
        f"Made by `{COMMAND}`.{quick}\n\n"
        f"- Machine: {machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB, {machine.system}; no GPU.\n"
        f"- Versions: Python {machine.python}, {versions}.\n"
        f"- Model: {models}. One real vLLM (CPU), one service over it, asked over HTTP; {minutes:.0f} minutes in all.\n"
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


def _section(one: StoredSection) -> str:
    stamp = one.stamp
    parts = [
        f"## {one.result.section}",
        f"{stamp.began_at}, commit {stamp.commit}, {stamp.wall_s:.0f} s; load average before: {stamp.load_before}.",
        *(_table(table) for table in one.result.tables),
        *one.result.notes,
    ]
    return "\n\n".join(parts)


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
