"""Calibration of the served model: temperature and bias per market, from cases that training has not seen.

Takes: a model's folder and labelled cases. Gives: `calibration.json` in the folder, and calibration errors before and
after. Does not: change the model, or calibrate a market with too few cases to be measured.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict

from cases.case import LabelledCase
from cases.errors import ConfigError
from cases.verdict import VERDICTS
from finetune.manifest import relist, verify_manifest
from metrics.calibration import ece, fit_temperature_bias
from metrics.calibration_apply import calibrated

CALIBRATION_NAME: Final = "calibration.json"
MIN_CASES: Final = 50
"""Below, three parameters follow the noise and an error in ten bins means nothing."""
_FOLDS: Final = 5


class MarketCalibration(BaseModel):
    """One market: p = softmax(log p / temperature + bias), bias in the order of `VERDICTS`; `n` cases.

    `ece_after` is measured on folds that the parameters were not fitted on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float
    bias: tuple[float, float, float]
    n: int
    ece_before: float
    ece_after: float


class Calibration(BaseModel):
    """The content of `calibration.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    route: str = "llm"
    model_sha256: str
    prompt_version: str
    markets: dict[str, MarketCalibration]


@dataclass(frozen=True, slots=True)
class Scored:
    """One labelled case: its market, the labels' log-probabilities [3], and the index of its label."""

    market: str
    logprobs: np.ndarray
    label: int


def label_index(case: LabelledCase) -> int:
    """The place of a case's label in `VERDICTS`; raises ConfigError when it has none."""
    if case.label is None:
        raise ConfigError(f"case {case.case_id} has no label")
    return VERDICTS.index(case.label.verdict)


def calibrate(scored: Iterable[Scored], model_sha256: str, prompt_version: str) -> Calibration:
    """Fit every market with at least `MIN_CASES` cases; raises ConfigError when there is none."""
    by_market: dict[str, list[Scored]] = {}
    for one in scored:
        by_market.setdefault(one.market, []).append(one)
    fitted = {
        market: _fit_market(rows) for market, rows in sorted(by_market.items()) if len(rows) >= MIN_CASES
    }
    if not fitted:
        raise ConfigError(f"no market has {MIN_CASES} labelled cases to calibrate on")
    return Calibration(model_sha256=model_sha256, prompt_version=prompt_version, markets=fitted)


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Put `calibration.json` into a model's folder and into its manifest.

    Raises ModelFileError when the folder does not match its manifest, as it must before anything is added.
    """
    path = folder / CALIBRATION_NAME
    verify_manifest(folder)
    path.write_text(calibration.model_dump_json(indent=2) + "\n", encoding="utf-8")
    relist(folder)


def _fit_market(rows: Sequence[Scored]) -> MarketCalibration:
    logprobs = np.stack([row.logprobs for row in rows])
    labels = np.array([row.label for row in rows])
    temperature, bias = fit_temperature_bias(logprobs, labels)
    return MarketCalibration(
        temperature=float(temperature),
        bias=_three(bias),
        n=len(rows),
        ece_before=float(ece(_probabilities(logprobs, 1.0, np.zeros(3)), labels)),
        ece_after=float(ece(_out_of_fold(logprobs, labels), labels)),
    )


def _out_of_fold(logprobs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Probabilities [n, 3] of every case by parameters fitted without its fold (fold = index modulo 5)."""
    result = np.empty_like(logprobs)
    folds = np.arange(len(labels)) % _FOLDS
    for fold in range(_FOLDS):
        temperature, bias = fit_temperature_bias(logprobs[folds != fold], labels[folds != fold])
        result[folds == fold] = _probabilities(logprobs[folds == fold], float(temperature), bias)
    return result


def _probabilities(logprobs: np.ndarray, temperature: float, bias: np.ndarray) -> np.ndarray:
    return np.stack([calibrated(row, temperature, bias) for row in logprobs])


def _three(values: Any) -> tuple[float, float, float]:
    first, second, third = (float(value) for value in values)
    return first, second, third
