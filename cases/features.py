"""The 68 numbers that a model may read of a case; none reads a word of a language.

Takes: a `Case`. Gives: a float64 array [68] in the order of `FEATURES`; unknown is NaN, never zero.
Does not: scale, fill in, or see a label or anything after the cancellation.

18 fulfilment, 7 seller, 38 communication, 5 order. A change of any meaning or of the order raises `FEATURES_VERSION`,
since a model trained on another version would read the wrong numbers without noticing.
"""

import math

import numpy as np

from cases.case import Case
from cases.feature_spec import FeatureSpec
from cases.features_calls import CALL_FEATURES
from cases.features_chat import CHAT_FEATURES
from cases.features_fulfilment import FULFILMENT_FEATURES
from cases.features_replies import REPLY_FEATURES
from cases.features_seller import ORDER_FEATURES, SELLER_FEATURES
from cases.record import record_facts

FEATURES_VERSION = "1"

FEATURES: tuple[FeatureSpec, ...] = (
    *FULFILMENT_FEATURES,
    *SELLER_FEATURES,
    *CHAT_FEATURES,
    *REPLY_FEATURES,
    *CALL_FEATURES,
    *ORDER_FEATURES,
)
"""Every feature, in the order of the array."""


_PAGE_HEAD = """\
# The features of a case

Version {version}: {count} numbers, written from the code by `verdict cases features --write docs/features.md`; a test
holds that this page is current. All are measured at the cancellation: what lies after it is not seen, and no feature
reads words. A missing signal is NaN, never zero.

| # | name | unit | family | what it measures |
|---|---|---|---|---|
"""


def compute_features(case: Case) -> np.ndarray:
    """Measure `case` as it stood at its cancellation: float64 [68]; the order of its events does not matter."""
    facts = record_facts(case)
    values = (spec.measure(facts) for spec in FEATURES)
    return np.array([math.nan if value is None else float(value) for value in values], dtype=np.float64)


def features_table() -> str:
    """The page `docs/features.md`: version, and one row a feature, in Markdown."""
    rows = (
        f"| {number} | `{spec.name}` | {spec.unit} | {spec.family} | {spec.description} |"
        for number, spec in enumerate(FEATURES)
    )
    return _PAGE_HEAD.format(version=FEATURES_VERSION, count=len(FEATURES)) + "\n".join(rows) + "\n"
