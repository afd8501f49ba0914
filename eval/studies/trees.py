"""Boosted trees as the studies use them.

Takes: tables and labels. Gives: probabilities for other rows. Does not: search for better settings.
"""

from contextlib import nullcontext
from typing import Final

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

_WORTH_THREADS: Final = 50_000
"""Rows; below, threads wait for each other longer than they work, much longer if others do."""


def boosted(
    table: np.ndarray, labels: np.ndarray, measured: np.ndarray, *, trees: int, rate: float, leaves: int = 31
) -> np.ndarray:
    """Class probabilities of the rows of `measured` [n, classes] after learning `labels` of `table`'s rows."""
    model = HistGradientBoostingClassifier(
        max_iter=trees, learning_rate=rate, max_leaf_nodes=leaves, early_stopping=False, random_state=0
    )
    few = len(table) < _WORTH_THREADS
    with threadpool_limits(1, user_api="openmp") if few else nullcontext():
        return np.asarray(model.fit(table, labels).predict_proba(measured))
