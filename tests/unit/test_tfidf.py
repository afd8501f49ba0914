"""The TF-IDF rival: learns what words tell, keeps the order of the verdicts.

Takes: a handful of texts. Gives: failures of shape or of sense. Does not measure quality.
"""

import numpy as np
import pytest

from baselines.tfidf import TfidfClassifier
from cases.errors import ConfigError
from cases.verdict import VERDICTS, Verdict

ASKED = ["seller: please cancel dear", "seller: pls cancel from your side", "seller: can cancel pls?"] * 4
OWN = ["buyer: i changed my mind", "buyer: found it cheaper", "buyer: my mind changed, sorry"] * 4


def test_learns_from_words_and_survives_typos() -> None:
    """Texts close to those of a class get its verdict, also when misspelt."""
    labels = [Verdict.INDUCED] * len(ASKED) + [Verdict.NOT_INDUCED] * len(OWN)
    model = TfidfClassifier.fit([*ASKED, *OWN], labels)
    assert model.predict(["seller: plss canceel", "buyer: chnged my mind"]) == (
        Verdict.INDUCED,
        Verdict.NOT_INDUCED,
    )


def test_probabilities_keep_the_order_of_verdicts() -> None:
    """Columns follow VERDICTS, rows sum to one, and a verdict never seen gets zero."""
    labels = [Verdict.INCONCLUSIVE] * len(ASKED) + [Verdict.INDUCED] * len(OWN)
    model = TfidfClassifier.fit([*ASKED, *OWN], labels)
    found = model.probabilities([ASKED[0], OWN[0], ""])
    assert found.shape == (3, len(VERDICTS))
    assert np.allclose(found.sum(axis=1), 1.0)
    assert (found[:, VERDICTS.index(Verdict.NOT_INDUCED)] == 0.0).all()
    assert found[0].argmax() == VERDICTS.index(Verdict.INCONCLUSIVE)
    assert model.probabilities([]).shape == (0, len(VERDICTS))


def test_refuses_labels_that_teach_nothing() -> None:
    """Unequal lengths and a single verdict are errors with a name."""
    with pytest.raises(ConfigError, match="2 texts"):
        TfidfClassifier.fit(["a", "b"], [Verdict.INDUCED])
    with pytest.raises(ConfigError, match="two verdicts"):
        TfidfClassifier.fit(["a", "b"], [Verdict.INDUCED, Verdict.INDUCED])
