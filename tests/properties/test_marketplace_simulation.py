"""What holds for every simulated case, whatever the seed.

Takes: simulations of the three markets. Gives: failures that name the case. Generates about 2,000 cases once.
"""

import ast
import json
from collections import Counter
from collections.abc import Iterable
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.case import ChatKind, parse_case
from cases.cutoff import at_cancellation
from cases.factor import Factor
from cases.market import Markets, load_markets
from cases.verdict import Verdict
from marketplace.acts import Act
from marketplace.evidence import evidence_of
from marketplace.market_facts import market_facts
from marketplace.packs import SLOT, load_pack
from marketplace.policy import judge, policy_label
from marketplace.reasoning import LONGEST, SHORTEST
from marketplace.rules import Rule
from marketplace.settings import SimulationSettings
from marketplace.simulate import SimulatedCase, simulate, worlds_of
from marketplace.style import plain

ROOT = Path(__file__).resolve().parents[2]
CODES = ("SG", "ID", "BR")


@pytest.fixture(scope="module")
def sample() -> tuple[SimulatedCase, ...]:
    """Training cases of three markets."""
    return tuple(
        simulate(
            SimulationSettings(CODES, seed=11, cases_per_market=650), load_markets(ROOT / "config/markets")
        )
    )


def test_every_case_is_one_of_the_contract(sample: tuple[SimulatedCase, ...], markets: Markets) -> None:
    """It goes through JSON and the schema unchanged."""
    for simulated in sample:
        written = json.loads(simulated.case.model_dump_json())
        assert parse_case(written, markets=markets, allow_label=True) == simulated.case


def test_nothing_lies_after_the_cancellation(sample: tuple[SimulatedCase, ...]) -> None:
    """The cut at the cancellation finds nothing to warn of; labels come after it and before 2026."""
    first_s, last_s = SimulationSettings(CODES, 11, 1).span_s
    for simulated in sample:
        assert (
            first_s
            <= simulated.case.order.placed_at.timestamp()
            < simulated.case.order.cancelled_at.timestamp()
        )
        assert simulated.case.order.cancelled_at.timestamp() < last_s
        assert at_cancellation(simulated.case).warnings == ()
        assert simulated.label.labelled_at is not None
        assert simulated.case.order.cancelled_at <= simulated.label.labelled_at
        assert simulated.label.labelled_at.year == 2025


def test_labels_come_from_record_and_acts_alone(sample: tuple[SimulatedCase, ...]) -> None:
    """Labelled again from what an annotator sees, each case gets its label again."""
    for simulated in sample:
        assert policy_label(simulated.case, simulated.acts) == simulated.case.label


@pytest.mark.parametrize(
    "module", ["policy", "policy_factors", "evidence", "talk", "reasoning", "rules", "silence"]
)
def test_the_policy_cannot_see_the_hidden_truth(module: str) -> None:
    """No module of the policy imports the history, the life of an order, or the traits."""
    tree = ast.parse((ROOT / "marketplace" / f"{module}.py").read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {
        name for name in imported if name.split(".")[-1].startswith(("history", "life", "traits", "shop"))
    } == set()


def test_cause_and_label_are_two_truths(sample: tuple[SimulatedCase, ...]) -> None:
    """A request by phone that left only the call's entry is induced in truth and inconclusive on the record."""
    only_call = [
        s
        for s in sample
        if s.cause.induced
        and s.label.verdict is Verdict.INCONCLUSIVE
        and s.label.decision_factors[0] is Factor.CALL_FROM_SELLER
    ]
    assert only_call


def test_every_factor_and_every_rule_occurs(sample: tuple[SimulatedCase, ...]) -> None:
    """All 32 factors and all rules of the policy."""
    factors = Counter(f for s in sample for f in s.label.decision_factors)
    rules = Counter(judge(evidence_of(s.case, s.acts)).rule for s in sample)
    assert set(Factor) - factors.keys() == set()
    assert set(Rule) - rules.keys() == set()


def test_training_balance(sample: tuple[SimulatedCase, ...]) -> None:
    """About 45, 35 and 20 per cent, in each market."""
    for code in CODES:
        verdicts = Counter(s.label.verdict for s in sample if s.case.market == code)
        assert abs(verdicts[Verdict.INDUCED] / 650 - 0.45) < 0.08
        assert abs(verdicts[Verdict.INCONCLUSIVE] / 650 - 0.20) < 0.08


def test_reasonings_are_sentences_of_a_fit_length(sample: tuple[SimulatedCase, ...]) -> None:
    """60 to 350 characters, no unfilled slot, and many different ones."""
    texts = [s.label.reasoning or "" for s in sample]
    assert all(SHORTEST <= len(text) <= LONGEST and text.endswith(".") and "{" not in text for text in texts)
    assert len(set(texts)) > len(texts) / 2


def test_readable_lines_and_acts_belong_together(sample: tuple[SimulatedCase, ...]) -> None:
    """Acts are the sender's own, at the line's time; every line of text has one; pictures have none."""
    for simulated in sample:
        chat = simulated.case.chat or ()
        lines = {a.line_index for a in simulated.acts}
        for uttered in simulated.acts:
            assert chat[uttered.line_index].at == uttered.at
            assert chat[uttered.line_index].sender in uttered.act.senders
        assert lines == {i for i, m in enumerate(chat) if m.kind is ChatKind.TEXT}


def test_chats_keep_their_order_and_have_no_open_slot(sample: tuple[SimulatedCase, ...]) -> None:
    """One line a second at most, and no slot is left unfilled."""
    for simulated in sample:
        times = [m.at for m in simulated.case.chat or () if m.at is not None]
        assert all(a < b for a, b in pairwise(times))
        assert not any(SLOT.search(m.text or "") for m in simulated.case.chat or ())


def test_seconds_are_not_round(sample: tuple[SimulatedCase, ...]) -> None:
    """Cancellations fall on any second of the minute."""
    seconds = Counter(s.case.order.cancelled_at.second for s in sample)
    assert len(seconds) == 60
    assert max(seconds.values()) < 3 * len(sample) / 60


def test_ids_and_clock_tell_nothing(sample: tuple[SimulatedCase, ...]) -> None:
    """AUROC for induced of case id, order id, seller id, and seconds of the minute: all beside 0.5."""
    induced = np.array([s.label.verdict is Verdict.INDUCED for s in sample])
    signals = {
        "case_id": [int(s.case.case_id.split("-")[1], 16) for s in sample],
        "order_id": [int(s.case.order.order_id, 36) for s in sample],
        "buyer_id": [
            0 if s.case.buyer is None else int((s.case.buyer.buyer_id or "b0")[1:], 16) for s in sample
        ],
        "second": [s.case.order.cancelled_at.second for s in sample],
    }
    for name, values in signals.items():
        assert abs(_auroc(np.array(values, dtype=float), induced) - 0.5) < 0.04, name


def _auroc(values: np.ndarray, positive: np.ndarray) -> float:
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(1, len(values) + 1)
    return float(
        (ranks[positive].sum() - positive.sum() * (positive.sum() + 1) / 2)
        / (positive.sum() * (~positive).sum())
    )


@pytest.mark.parametrize("code", CODES)
def test_held_out_wordings_appear_only_in_the_test_split(
    code: str, markets: Markets, sample: tuple[SimulatedCase, ...]
) -> None:
    """Long held-out wordings without slots are in no training chat, however it is typed, and are in test chats."""
    pack = load_pack(market_facts(code).language)
    telling = {_bare(w) for act in Act for w in pack.held_out[act] if not SLOT.search(w) and len(w) > 24}
    (world,) = worlds_of(SimulationSettings((code,), 11, 1, "test"), markets)
    test_cases = islice(world.candidates("wordings"), 300)
    assert not _found(telling, (s for s in sample if s.case.market == code))
    assert len(_found(telling, test_cases)) > 20


def _found(telling: set[str], cases: Iterable[SimulatedCase]) -> set[str]:
    text = "\n".join(_bare(m.text or "") for s in cases for m in s.case.chat or ())
    return {w for w in telling if w in text}


def _bare(text: str) -> str:
    return plain(text).casefold().rstrip(".")


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32), code=st.sampled_from(CODES), split=st.sampled_from(("train", "test")))
def test_the_same_seed_gives_the_same_cases(seed: int, code: str, split: str) -> None:
    """Case by case, text, label, cause and acts; another seed gives others."""
    markets = load_markets(ROOT / "config/markets")
    worlds = [worlds_of(SimulationSettings((code,), s, 1, split), markets)[0] for s in (seed, seed, seed + 1)]  # type: ignore[arg-type]
    first, again, other = [list(islice(world.candidates("x"), 12)) for world in worlds]
    assert first == again
    assert first != other
