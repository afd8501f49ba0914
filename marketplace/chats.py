"""Unlabelled cases in any number: shards made in parallel, in constant memory, taken up again after a kill.

Takes: `ChatSettings`, the configured markets. Gives: one Parquet file a shard, and a manifest at the end.
Does not: label, or keep what only the simulator knows: these are for reading (masked language modelling, embedders).

    OUT/<MARKET>-00001.parquet ...    `SHARD_CASES` cases each, without labels
    OUT/manifest.json                 settings and every file's hash; without it the set is not finished

A shard depends on seed, market and its number alone, so shards can be made in any order, on any number of processes.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from cases.errors import ConfigError
from cases.market import Markets
from marketplace.processes import spread
from marketplace.settings import SimulationSettings
from marketplace.simulate import World, worlds_of
from marketplace.writer import SCHEMA, DataSetFile, ParquetRows, described

SHARD_CASES: Final = 20_000
MANIFEST: Final = "manifest.json"
_SETTINGS: Final = "settings.json"
_PARTIAL: Final = ".partial"


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """`cases` over all markets together, shared out evenly. Wordings are those of training."""

    markets: tuple[str, ...]
    seed: int
    cases: int
    shard_cases: int = SHARD_CASES

    def checked(self, markets: Markets) -> "ChatSettings":
        """Itself. Raises ConfigError or UnknownMarketError naming what cannot be simulated."""
        if self.shard_cases < 1:
            raise ConfigError(f"cases a shard: from 1 up, not {self.shard_cases}")
        self.simulation(self.markets).checked(markets)
        return self

    def simulation(self, codes: tuple[str, ...]) -> SimulationSettings:
        """The simulation of some of the markets."""
        return SimulationSettings(codes, self.seed, -(-self.cases // max(1, len(self.markets))), "train")

    def shards(self) -> Iterator["Shard"]:
        """Every shard, market by market; the last one of a market may be smaller."""
        for place, code in enumerate(self.markets):
            left = self.cases // len(self.markets) + (place < self.cases % len(self.markets))
            number = 0
            while left > 0:
                number += 1
                yield Shard(code, number, min(left, self.shard_cases))
                left -= self.shard_cases


@dataclass(frozen=True, slots=True)
class Shard:
    """One file to make."""

    market: str
    number: int
    cases: int

    @property
    def name(self) -> str:
        """Its file's name."""
        return f"{self.market}-{self.number:05d}.parquet"


@dataclass(frozen=True, slots=True)
class ChatManifest:
    """What was made."""

    settings: ChatSettings
    cases: int
    files: tuple[DataSetFile, ...]

    def to_json(self) -> str:
        """The manifest file's text."""
        return json.dumps(asdict(self), indent=2) + "\n"


def write_chats(
    settings: ChatSettings,
    markets: Markets,
    folder: Path,
    *,
    processes: int = 1,
    progress: Callable[[int], None] | None = None,
) -> ChatManifest:
    """Make every shard that is not there yet, then the manifest; `progress` hears how many cases more are done.

    Raises ConfigError when the settings are wrong, when the folder holds shards of other settings, or when it cannot
    be written; finished shards stay, and the same command goes on.
    """
    settings.checked(markets)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _claim(settings, folder)
        shards = list(settings.shards())
        missing = [shard for shard in shards if not (folder / shard.name).exists()]
        if progress is not None:
            progress(settings.cases - sum(shard.cases for shard in missing))
        jobs = [(settings, markets, folder, shard) for shard in missing]
        for (*_, shard), _ in spread(_write_shard, jobs, processes):
            if progress is not None:
                progress(shard.cases)
        manifest = ChatManifest(
            settings, settings.cases, tuple(described(folder / shard.name, shard.name) for shard in shards)
        )
        _replace(folder / MANIFEST, manifest.to_json())
    except OSError as error:
        raise ConfigError(f"{folder}: the chats could not be written: {error.strerror or error}") from error
    return manifest


def _claim(settings: ChatSettings, folder: Path) -> None:
    """Note whose shards these are, or refuse a folder with others."""
    mine = json.dumps(asdict(settings), indent=2) + "\n"
    note = folder / _SETTINGS
    if note.exists():
        if note.read_text(encoding="utf-8") != mine:
            raise ConfigError(f"{folder} holds shards of other settings ({_SETTINGS}); name another folder")
    elif any(folder.iterdir()):
        raise ConfigError(f"{folder} holds other files; name an empty folder")
    else:
        _replace(note, mine)


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(path.name + _PARTIAL)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _write_shard(settings: ChatSettings, markets: Markets, folder: Path, shard: Shard) -> None:
    """One shard, whole or not at all; runs in a process of its own."""
    partial = folder / (shard.name + _PARTIAL)
    world: World = worlds_of(settings.simulation((shard.market,)), markets)[0]
    with pq.ParquetWriter(partial, SCHEMA, compression="zstd") as parquet:
        rows = ParquetRows(parquet)
        for case in islice(world.unlabelled(f"chats/{shard.number}"), shard.cases):
            rows.add(case.model_dump_json())
        rows.flush()
    partial.replace(folder / shard.name)
