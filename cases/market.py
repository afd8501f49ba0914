"""What is configured for each market: one TOML file a market, `config/markets/<CODE>.toml`.

Takes: a directory of TOML files. Gives: `Markets`, a mapping from code to `MarketConfig`.
Does not: read anything at import, or know which markets a model was trained on.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cases.errors import ConfigError, FieldProblem, UnknownMarketError

_MAX_NOTE_WORDS = 60
_Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class Thresholds(BaseModel):
    """Where P(induced) is cut into actions: at or above `penalise`, at or above `investigate`, else none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    penalise: _Share = 0.95
    investigate: _Share = 0.45

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.investigate > self.penalise:
            raise ValueError("investigate must not lie above penalise")
        return self


class MarketConfig(BaseModel):
    """One market. `languages` are BCP 47, main one first; `notes` (60 words at most) go into the prompt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    name: Annotated[str, Field(min_length=1, max_length=60)]
    languages: Annotated[tuple[str, ...], Field(min_length=1)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    utc_offset: Annotated[str, Field(pattern=r"^[+-](0\d|1[0-4]):[0-5]\d$")]
    classes: Literal[2, 3] = 3
    thresholds: Thresholds = Thresholds()
    few_shot_default: Annotated[int, Field(ge=0, le=20)] = 0
    label_mass_floor: _Share = 0.5
    notes: str = ""

    @field_validator("notes")
    @classmethod
    def _short(cls, notes: str) -> str:
        if len(notes.split()) > _MAX_NOTE_WORDS:
            raise ValueError(f"at most {_MAX_NOTE_WORDS} words: they stand in every prompt of the market")
        return " ".join(notes.split())


class Markets(Mapping[str, MarketConfig]):
    """The configured markets by code; an unknown code raises `UnknownMarketError`, which names `/market`."""

    def __init__(self, configs: Mapping[str, MarketConfig]) -> None:
        self._by_code = dict(sorted(configs.items()))

    def __getitem__(self, code: str) -> MarketConfig:
        try:
            return self._by_code[code]
        except KeyError:
            message = f"not a configured market; use one of {', '.join(self._by_code)}"
            raise UnknownMarketError([FieldProblem("/market", message)]) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_code)

    def __len__(self) -> int:
        return len(self._by_code)


def load_markets(directory: Path) -> Markets:
    """Read every `<CODE>.toml` of `directory`.

    Raises ConfigError naming the file: none is there, one is not valid, or its name is not its code.
    """
    configs = {path.stem: _load(path) for path in sorted(directory.glob("*.toml"))}
    if not configs:
        raise ConfigError(f"no market is configured: {directory} holds no .toml file")
    return Markets(configs)


def _load(path: Path) -> MarketConfig:
    try:
        config = MarketConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"{path}: {faults}") from error
    if config.code != path.stem:
        raise ConfigError(f"{path}: its code is {config.code}; name the file {config.code}.toml")
    return config
