"""The studies find what was planted, and nothing where nothing was.

Takes: made-up lines and cases with a known fault, and a few simulated ones. Gives: failures with the figure.
"""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from cases.case import Case
from cases.features import FEATURES
from cases.market import Markets
from eval.sets import SimulatedSet, simulated_cases
from eval.studies.ceiling import views
from eval.studies.leaks import Leak, leaks
from eval.studies.probes import Cases, Lines, Probed, joined
from eval.studies.realism import realism, shape_of
from eval.studies.signals import Signals, signals_of
from eval.studies.signals import joined as joined_signals
from marketplace.acts import Act

COUNT = 400


def _probed(seed: int, *, planted: bool) -> Probed:
    """Cases of one line each; `planted`: an induced one says so by wording, text, length, id and minute."""
    rng = Random(seed)
    induced = [rng.random() < 0.4 for _ in range(COUNT)]
    shown = induced if planted else [rng.random() < 0.4 for _ in range(COUNT)]
    lines = Lines(
        stratum=[rng.choice(("SG s_ack", "SG b_chase")) for _ in range(COUNT)],
        wording=["yes" if one else "no" for one in shown],
        text=["yes indeed so" if one else "no" for one in shown],
        induced=induced,
        case=list(range(COUNT)),
    )
    cases = Cases(
        market=["SG"] * COUNT,
        seller=[f"SG s{number}" for number in range(COUNT)],
        ids=["aaaa bbbb" if one else "cccc dddd" for one in shown],
        times=[[3600.0 * one + rng.random(), rng.random()] for one in shown],
        induced=induced,
    )
    return Probed(lines, cases)


def _by_name(found: tuple[Leak, ...]) -> dict[str, float]:
    return {leak.probe: leak.auroc for leak in found}


def test_planted_leaks_are_found_by_every_probe() -> None:
    """Each of the five probes sees the label in what it looks at."""
    assert all(area > 0.95 for area in _by_name(leaks(_probed(1, planted=True))).values())


def test_no_leak_is_found_where_none_is() -> None:
    """Without a tie between label and surface every interval reaches one half."""
    for leak in leaks(_probed(2, planted=False)):
        assert leak.low - 0.05 <= 0.5 <= leak.high + 0.05, leak


def test_markets_are_joined_without_mixing_cases() -> None:
    """Case numbers of the second part go on where the first ends."""
    both = joined([_probed(1, planted=False), _probed(2, planted=False)])
    assert both.lines.case == list(range(2 * COUNT))
    assert len(both.cases.ids) == 2 * COUNT


def test_signals_are_tables_of_the_same_cases(markets: Markets) -> None:
    """Shapes as documented; a chat without acts has counts of zero and no times; joining keeps the order."""
    cases = simulated_cases(SimulatedSet(("SG",), 30, 3, "validation"), markets)
    found = signals_of(cases)
    assert found.numbers.shape == (30, len(FEATURES))
    assert found.acts.shape == (30, 3 * len(Act))
    assert found.text.shape[0] == len(found) == 30
    silent = [row for row, case in enumerate(cases) if not case.acts]
    assert all(found.acts[row].tolist() == [0.0] * len(Act) + [-1.0] * (2 * len(Act)) for row in silent)
    twice = joined_signals([found, found])
    assert np.array_equal(twice.labels, np.concatenate([found.labels, found.labels]))


def test_a_view_knows_only_what_it_sees() -> None:
    """With the label in the words alone, numbers are no better than chance, and words, both and acts decide."""
    training, measured = _signals(4), _signals(5)
    right = {
        view.name: float((view.probabilities.argmax(axis=1) == measured.labels).mean())
        for view in views(training, measured)
    }
    assert right["text"] > 0.9
    assert right["both"] > 0.9
    assert right["acts"] > 0.9
    assert right["numbers"] < 0.6


def _signals(seed: int) -> Signals:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 300).astype(np.int8)
    shown = np.eye(3, dtype=np.float32)[labels]
    return Signals(
        text=csr_matrix(np.hstack([shown, np.zeros((300, 5), dtype=np.float32)])),
        numbers=rng.normal(size=(300, 4)).astype(np.float32),
        acts=shown,
        labels=labels,
        markets=np.array(["SG"] * 300),
    )


def test_realism_tells_another_hand_but_not_the_same(markets: Markets) -> None:
    """Two halves of one set look alike; lines with a mark of their own are told apart; shapes count the mark."""
    cases: list[Case] = [
        s.case for s in simulated_cases(SimulatedSet(("SG",), 160, 8, "validation"), markets)
    ]
    same = realism(cases[::2], cases[1::2])[0]
    assert same.told_apart is not None
    assert same.told_apart.auroc == pytest.approx(0.5, abs=0.12)
    other = realism(cases[::2], [_marked(case) for case in cases[1::2]])[0]
    assert other.told_apart is not None
    assert other.told_apart.auroc > 0.9
    assert other.written.emoji == 1.0
    assert shape_of([]).lines_a_case == 0.0
    assert replace(same, told_apart=None).told_apart is None


def _marked(case: Case) -> Case:
    chat = tuple(m.model_copy(update={"text": f"zzq {m.text} ✨"}) if m.text else m for m in case.chat or ())
    return case.model_copy(update={"chat": chat})
