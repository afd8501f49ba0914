"""The settings of rules v1 and the precision that was measured for each rule, as two TOML files.

Takes: `config/rules_v1.toml` and, if there is one, `config/rules_v1_precision.toml`. Gives: checked, frozen models.
Does not: apply a rule or measure one.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cases.errors import ConfigError

MIN_FIRED = 30
"""A precision from fewer firings is not reported: it would say next to nothing."""

_Hours = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0)]
_Weights = Mapping[Annotated[str, Field(min_length=1)], Annotated[float, Field(allow_inf_nan=False)]]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Thresholds(_Settings):
    """Where the rules cut; see the comments in `config/rules_v1.toml`."""

    overdue_hours: _Hours
    poor_record_overdue_hours: _Hours
    unanswered_hours: _Hours
    extensions: _Count
    cancelled_share_30d: _Share
    orders_30d: _Count
    busy_concurrent_orders: _Count
    busy_grace_hours: _Hours


class KeywordThresholds(_Settings):
    """The scores from which keywords count: `plain` with other evidence, `strong` alone."""

    plain: float
    strong: float


class SellerKeywords(_Settings):
    """Phrase weights of what a seller does in chat."""

    request: _Weights
    stock: _Weights
    reorder: _Weights
    off_platform: _Weights


class BuyerKeywords(_Settings):
    """Phrase weights of the buyer's own reasons."""

    changed_mind: _Weights
    better_price: _Weights
    wrong_item_or_address: _Weights
    duplicate_order: _Weights
    payment_problem: _Weights


class RulesConfig(_Settings):
    """Everything that rules v1 can be set to."""

    version: Annotated[str, Field(min_length=1)]
    thresholds: Thresholds
    keyword_thresholds: KeywordThresholds
    seller_keywords: SellerKeywords
    buyer_keywords: BuyerKeywords


class RuleCount(_Settings):
    """How often a rule fired on the calibration data, and how often its verdict was the labelled one."""

    fired: _Count
    right: _Count

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.right > self.fired:
            raise ValueError("a rule cannot be right more often than it fired")
        return self

    @property
    def precision(self) -> float | None:
        """`right` of `fired`; None when it fired fewer than `MIN_FIRED` times."""
        return self.right / self.fired if self.fired >= MIN_FIRED else None


class RulesPrecision(_Settings):
    """What `verdict rules measure` found, for the rules whose file has this SHA-256."""

    rules_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    data: str
    cases: _Count
    rules: Mapping[str, RuleCount]


_Model = TypeVar("_Model", bound=BaseModel)


def read_rules(path: Path) -> RulesConfig:
    """The rules' settings. Raises ConfigError when the file is missing or wrong."""
    return _read(path, RulesConfig)


def read_precision(path: Path, rules: Path) -> RulesPrecision | None:
    """The measured precision for `rules`; None when there is no such file.

    Raises ConfigError when the file is wrong or was measured for other rules.
    """
    if not path.is_file():
        return None
    precision = _read(path, RulesPrecision)
    if precision.rules_sha256 != fingerprint(rules):
        raise ConfigError(f"{path} was measured for other rules than {rules}; run: verdict rules measure")
    return precision


def fingerprint(rules: Path) -> str:
    """SHA-256 of the rules file. Raises ConfigError when it cannot be read."""
    try:
        return hashlib.sha256(rules.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"cannot read {rules}: {error}") from error


def _read(path: Path, model: type[_Model]) -> _Model:
    try:
        return model.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"{path}: {faults}") from error
