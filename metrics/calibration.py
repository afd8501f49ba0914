"""How far probabilities can be trusted, and how to mend them.

Takes: probabilities [n, k] or log-probabilities [n, k], true classes [n] as indices. Gives: ECE, Brier score,
reliability bins, fitted temperature and bias. Does not: draw, or decide on a threshold.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from metrics.calibration_apply import calibrated

DEFAULT_BINS = 15
_PRIOR_STRENGTH = 2.0  # in cases: holds temperature near 1 and biases near 0 when there are few
_MAX_LOG_TEMPERATURE = 4.0


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One bin of confidence: `count` cases, their mean confidence and the share that was right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(
    confidence: np.ndarray, right: np.ndarray, bins: int = DEFAULT_BINS
) -> tuple[ReliabilityBin, ...]:
    """Equal-width bins over [0, 1]; empty bins are left out. `confidence` [n], `right` [n] of 0 and 1."""
    confidence, right = np.asarray(confidence, float), np.asarray(right, float)
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    return tuple(
        ReliabilityBin(
            b / bins, (b + 1) / bins, int(inside.sum()), confidence[inside].mean(), right[inside].mean()
        )
        for b in range(bins)
        if (inside := place == b).any()
    )


def binary_ece(probability: np.ndarray, happened: np.ndarray, bins: int = DEFAULT_BINS) -> float:
    """Expected calibration error of one probability [n] against what happened [n] (Naeini et al. 2015)."""
    rows = reliability(probability, happened, bins)
    total = sum(row.count for row in rows)
    return sum(row.count * abs(row.accuracy - row.confidence) for row in rows) / total if total else 0.0


def ece(probabilities: np.ndarray, labels: np.ndarray, bins: int = DEFAULT_BINS) -> float:
    """Expected calibration error of the most probable class. `probabilities` [n, k], `labels` [n]."""
    probabilities, labels = np.asarray(probabilities, float), np.asarray(labels)
    return binary_ece(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels, bins)


def brier(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean squared distance between probabilities [n, k] and the one-hot truth; 0 is perfect, 2 the worst."""
    probabilities = np.asarray(probabilities, float)
    truth = np.eye(probabilities.shape[1])[np.asarray(labels)]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())


def negative_log_likelihood(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean natural-log loss of probabilities [n, k] against labels [n]."""
    chosen = np.asarray(probabilities, float)[np.arange(len(labels)), np.asarray(labels)]
    return float(-np.log(np.clip(chosen, 1e-12, 1.0)).mean())


def fit_temperature_bias(logprobs: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """The temperature and the bias [k] that make the labels likeliest, with a weak pull towards doing nothing.

    `logprobs` [n, k], `labels` [n] class indices. Biases sum to zero. The pull weighs as much as `_PRIOR_STRENGTH`
    cases, so a small split cannot run away. Raises ValueError for an empty split.
    """
    logprobs, labels = np.asarray(logprobs, float), np.asarray(labels)
    if len(labels) == 0:
        raise ValueError("no cases to calibrate on")
    classes = logprobs.shape[1]

    def split(x: np.ndarray) -> tuple[float, np.ndarray]:
        bias = np.append(x[1:], -x[1:].sum())
        return float(np.exp(np.clip(x[0], -_MAX_LOG_TEMPERATURE, _MAX_LOG_TEMPERATURE))), bias

    def loss(x: np.ndarray) -> float:
        temperature, bias = split(x)
        fit = negative_log_likelihood(calibrated(logprobs, temperature, bias), labels) * len(labels)
        return fit + _PRIOR_STRENGTH * float(x[0] ** 2 + (bias**2).sum())

    found = minimize(loss, np.zeros(classes), method="L-BFGS-B")
    return split(found.x)
