"""The three verdicts, and the one order in which every probability array holds them.

Takes: nothing. Gives: `Verdict` and `VERDICTS`. Does not: know how a verdict is reached.
"""

from enum import StrEnum


class Verdict(StrEnum):
    """Did the seller induce the buyer to cancel?"""

    INDUCED = "induced"
    NOT_INDUCED = "not_induced"
    INCONCLUSIVE = "inconclusive"


VERDICTS: tuple[Verdict, ...] = (Verdict.INDUCED, Verdict.NOT_INDUCED, Verdict.INCONCLUSIVE)
"""The order of every array of label probabilities."""
