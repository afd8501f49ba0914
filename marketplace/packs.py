"""Language packs: how each dialogue act is worded in a language, as reviewed data files.

Takes: `marketplace/packs/<language>/*.toml`. Gives: a checked `LanguagePack`, its wordings split into those for
training and those held out for the test split. Does not: fill slots or change a wording.

A pack file has one table an act with `wordings` and, where some of them say that no date is known, those apart as
`undated_wordings`; `slots.toml` maps a slot's name to its fillers.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cases.errors import ConfigError
from marketplace.acts import FAMILIES, Act

PACKS = Path(__file__).parent / "packs"
FILLED_SLOTS = ("item", "variant", "weekday", "price", "app", "city", "courier", "name", "excuse")
NUMBER_SLOTS = ("days", "hours")
SLOTS = (*FILLED_SLOTS, *NUMBER_SLOTS)
UNDATED = "undated_wordings"
SLOT = re.compile(r"\{([a-z_]+)\}")
"""A slot in a wording; other braces (a hostile text may hold JSON) are plain text."""


@dataclass(frozen=True, slots=True)
class LanguagePack:
    """One language. `train` and `held_out` hold each act's wordings; together they are all of them, apart none."""

    language: str
    train: Mapping[Act, tuple[str, ...]]
    held_out: Mapping[Act, tuple[str, ...]]
    slots: Mapping[str, tuple[str, ...]]
    undated: frozenset[str]
    """Wordings that say that no date is known: not for a turn that names one."""

    def wordings(self, act: Act, *, held_out: bool) -> tuple[str, ...]:
        """The wordings of `act` for the test split (`held_out`) or for every other."""
        return (self.held_out if held_out else self.train)[act]


def load_pack(language: str, folder: Path = PACKS) -> LanguagePack:
    """Read and check the pack of a language.

    Raises ConfigError naming every fault: a missing file or act, an unknown act or slot, a doubled wording.
    """
    root = folder / language
    faults: list[str] = []
    wordings: dict[Act, tuple[str, ...]] = {}
    undated: set[str] = set()
    for family, acts in FAMILIES.items():
        table = _read(root / f"{family}.toml", faults)
        wordings.update(_family(table, acts, f"{language}/{family}.toml", faults))
        undated.update(
            line for entry in table.values() if isinstance(entry, dict) for line in entry.get(UNDATED, ())
        )
    slots = _slots(_read(root / "slots.toml", faults), language, faults)
    faults += _doubled(wordings, language)
    if faults:
        raise ConfigError(f"language pack {language}: " + "; ".join(faults))
    kept_back = {act: held_out_wordings(act, lines) for act, lines in wordings.items()}
    return LanguagePack(
        language=language,
        train={act: tuple(w for w in lines if w not in kept_back[act]) for act, lines in wordings.items()},
        held_out={act: tuple(w for w in lines if w in kept_back[act]) for act, lines in wordings.items()},
        slots=slots,
        undated=frozenset(undated),
    )


def held_out_wordings(act: Act, wordings: tuple[str, ...]) -> frozenset[str]:
    """A quarter of an act's wordings, rounded up: those with the lowest SHA-256 of act and wording."""
    ranked = sorted(wordings, key=lambda w: hashlib.sha256(f"{act.value}\0{w}".encode()).digest())
    return frozenset(ranked[: -(-len(ranked) // 4)])


def _read(path: Path, faults: list[str]) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        faults.append(f"{path.name} is missing")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(f"{path.name}: {error}")
    return {}


def _family(
    table: Mapping[str, object], acts: tuple[Act, ...], where: str, faults: list[str]
) -> dict[Act, tuple[str, ...]]:
    known = {act.value for act in acts}
    faults += [f"{where}: unknown act {name}" for name in table if name not in known]
    found: dict[Act, tuple[str, ...]] = {}
    for act in acts:
        entry = table.get(act.value)
        lines = [*entry.get("wordings", ()), *entry.get(UNDATED, ())] if isinstance(entry, dict) else None
        if not isinstance(lines, list) or not all(isinstance(line, str) and line.strip() for line in lines):
            faults.append(f"{where}: {act.value} needs a list of wordings")
            continue
        if len(lines) < 2:
            faults.append(f"{where}: {act.value} needs two wordings at least, one of them to hold out")
        unknown = {slot for line in lines for slot in SLOT.findall(line)} - set(SLOTS)
        faults += [f"{where}: {act.value} uses the unknown slot {{{slot}}}" for slot in sorted(unknown)]
        found[act] = tuple(lines)
    return found


def _slots(table: Mapping[str, object], language: str, faults: list[str]) -> dict[str, tuple[str, ...]]:
    slots: dict[str, tuple[str, ...]] = {}
    for name in FILLED_SLOTS:
        values = table.get(name)
        if not isinstance(values, list) or not values or not all(isinstance(v, str) and v for v in values):
            faults.append(f"{language}/slots.toml: {name} needs a list of fillers")
            continue
        slots[name] = tuple(values)
    faults += [f"{language}/slots.toml: unknown slot {name}" for name in table if name not in SLOTS]
    return slots


def _doubled(wordings: Mapping[Act, tuple[str, ...]], language: str) -> list[str]:
    """A wording may stand once in a pack: under two acts, or in both splits, it would be a lie or a leak."""
    seen: dict[str, Act] = {}
    faults = []
    for act, lines in wordings.items():
        for line in lines:
            plain = " ".join(line.casefold().split())
            if plain in seen:
                faults.append(f"{language}: {act.value} repeats a wording of {seen[plain].value}: {line!r}")
            seen[plain] = act
    return faults
