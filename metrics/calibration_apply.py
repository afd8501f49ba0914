"""The calibrated softmax, as the gateway applies it to every decision.

Takes: log-probabilities of the three labels. Gives: probabilities. Does not: fit anything, or need more than numpy.
"""

import numpy as np


def calibrated(label_logprobs: np.ndarray, temperature: float, bias: np.ndarray) -> np.ndarray:
    """softmax(logprobs / temperature + bias) over the last axis.

    `label_logprobs`: [..., k] natural logarithms, need not be normalised; `temperature` > 0; `bias` [k].
    Gives an array of the same shape whose rows sum to 1. Raises ValueError for a temperature of zero or less.
    Source: temperature scaling with a bias a class (Guo et al. 2017, "vector scaling" with one shared scale).
    """
    if temperature <= 0:
        raise ValueError(f"temperature {temperature}: must be above zero")
    scores = np.asarray(label_logprobs, dtype=np.float64) / temperature + np.asarray(bias, dtype=np.float64)
    scores = scores - scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores)
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))
