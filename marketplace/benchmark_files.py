"""Write the benchmark: a folder of splits by market, what the team did beside them, a data card, a manifest at the end.

Takes: `BenchmarkSettings`. Gives: the files, whole or not at all, and a `BenchmarkManifest`.
Does not: put the hidden cause, the acts or the truth where a model could read them with a case.

    OUT/<split>/<MARKET>.jsonl, .parquet    cases with the split's label, as `--data` reads them
    OUT/team/<split>/<MARKET>.jsonl         who labelled what, sampling weights, the truth, cause and acts
    OUT/README.md, OUT/manifest.json        the data card; every file's hash. Without a manifest nothing is finished.

Markets are made in parallel, each by a process of its own; the bytes do not depend on how many there are.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

import pyarrow.parquet as pq

from cases.errors import ConfigError
from cases.market import Markets
from marketplace.benchmark import (
    BENCHMARK_NAME,
    BENCHMARK_SPLITS,
    BENCHMARK_VERSION,
    BenchmarkRow,
    BenchmarkSettings,
    BenchmarkSplit,
    market_rows,
    sampling_weight,
)
from marketplace.benchmark_counts import SplitCounts, Tally
from marketplace.data_card import data_card
from marketplace.processes import spread
from marketplace.settings import SPLITS, Split
from marketplace.writer import SCHEMA, DataSetFile, ParquetRows, described, truth_of, versions_at_work

MANIFEST: Final = "manifest.json"
_PARTIAL: Final = ".partial"
_TEAM: Final = "team"


@dataclass(frozen=True, slots=True)
class BenchmarkManifest:
    """What was made, and enough to make it again and to tell whether it was changed."""

    name: str
    version: str
    settings: BenchmarkSettings
    counts: tuple[SplitCounts, ...]
    files: tuple[DataSetFile, ...]
    versions: dict[str, str]

    def to_json(self) -> str:
        """The manifest file's text."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def write_benchmark(
    settings: BenchmarkSettings,
    markets: Markets,
    folder: Path,
    *,
    processes: int = 1,
    progress: Callable[[SplitCounts], None] | None = None,
) -> BenchmarkManifest:
    """Make the whole benchmark in `folder`; `progress` hears of every market's split as it is done.

    An earlier benchmark there is replaced only when the new one is complete.
    Raises ConfigError when the settings are wrong or the folder cannot be written; no partial file is left.
    """
    settings.checked(markets)
    _refuse_foreign(folder)
    partial = folder.with_name(folder.name + _PARTIAL)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        counts = list(_made(settings, markets, partial, processes, progress))
        manifest = _finished(settings, partial, counts)
        shutil.rmtree(folder, ignore_errors=True)
        partial.replace(folder)
    except OSError as error:
        raise ConfigError(
            f"{folder}: the benchmark could not be written: {error.strerror or error}"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def _refuse_foreign(folder: Path) -> None:
    """A folder that holds anything but a benchmark is not ours to replace."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).exists():
        raise ConfigError(f"{folder} holds other files; name an empty folder or an earlier benchmark")


def _made(
    settings: BenchmarkSettings,
    markets: Markets,
    folder: Path,
    processes: int,
    progress: Callable[[SplitCounts], None] | None,
) -> Iterator[SplitCounts]:
    """The counts of every market's split, in the settings' order."""
    jobs = [(settings, markets, folder, code, split) for code in settings.markets for split in SPLITS]
    done: dict[tuple[str, BenchmarkSplit], SplitCounts] = {}
    for _, made in spread(_write_split, jobs, processes):
        for counts in made:
            done[counts.market, counts.split] = counts
            if progress is not None:
                progress(counts)
    return (done[code, split] for code in settings.markets for split in BENCHMARK_SPLITS)


def _write_split(
    settings: BenchmarkSettings, markets: Markets, folder: Path, code: str, split: Split
) -> tuple[SplitCounts, ...]:
    """One market's split into its files, gold's along with the test's; runs in a process of its own."""
    rows = market_rows(settings, code, markets, split)
    with ExitStack() as open_files:
        files = _SplitFiles.opened(folder, split, code, open_files)
        gold = _SplitFiles.opened(folder, "gold", code, open_files) if split == "test" else None
        for row in rows:
            files.add(row)
            if gold is not None:
                gold.add(row.gold())
        return tuple(one.finished() for one in (files, gold) if one is not None)


@dataclass(frozen=True, slots=True)
class _SplitFiles:
    """The open files of one market's split, and what has gone into them."""

    market: str
    split: BenchmarkSplit
    jsonl: IO[str]
    parquet: ParquetRows
    beside: IO[str]
    tally: Tally

    @classmethod
    def opened(cls, folder: Path, split: BenchmarkSplit, code: str, open_files: ExitStack) -> "_SplitFiles":
        """New files, closed with `open_files`."""
        cases, team = folder / split, folder / _TEAM / split
        cases.mkdir(parents=True, exist_ok=True)
        team.mkdir(parents=True, exist_ok=True)
        parquet = pq.ParquetWriter(cases / f"{code}.parquet", SCHEMA, compression="zstd")
        return cls(
            market=code,
            split=split,
            jsonl=open_files.enter_context((cases / f"{code}.jsonl").open("w", encoding="utf-8")),
            parquet=ParquetRows(open_files.enter_context(parquet)),
            beside=open_files.enter_context((team / f"{code}.jsonl").open("w", encoding="utf-8")),
            tally=Tally(),
        )

    def add(self, row: BenchmarkRow) -> None:
        """Write and count a row."""
        text = row.case.model_dump_json(exclude_none=False)
        self.jsonl.write(text + "\n")
        self.parquet.add(text)
        _write_team(self.beside, row)
        self.tally.add(row)

    def finished(self) -> SplitCounts:
        """The counts, once the last rows are written."""
        self.parquet.flush()
        return self.tally.counts(self.market, self.split)


def _write_team(beside: IO[str], row: BenchmarkRow) -> None:
    team = row.team
    labels = {"first": team.first, "second": team.second, "senior": team.senior}
    beside.write(
        json.dumps(
            {
                **truth_of(team.simulated),
                "arm": team.arm.value,
                "sampling_weight": sampling_weight(team),
                "hard_for": [fault.value for fault in row.hard_for],
                **{who: label and label.model_dump(mode="json") for who, label in labels.items()},
                "truth": row.truth.model_dump(mode="json"),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        + "\n"
    )


def _finished(settings: BenchmarkSettings, folder: Path, counts: list[SplitCounts]) -> BenchmarkManifest:
    (folder / "README.md").write_text(data_card(settings, counts), encoding="utf-8")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = BenchmarkManifest(
        name=BENCHMARK_NAME,
        version=BENCHMARK_VERSION,
        settings=settings,
        counts=tuple(counts),
        files=tuple(described(path, path.relative_to(folder).as_posix()) for path in paths),
        versions=versions_at_work(),
    )
    (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest
