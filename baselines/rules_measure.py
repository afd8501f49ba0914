"""Measure how often each rule of rules v1 is right, on labelled cases that nobody tuned the rules to.

Takes: rules, the file they came from, labelled cases. Gives: `RulesPrecision`, and its TOML text.
Does not: make the cases, or write a file.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from baselines.rule_list import RULES
from baselines.rules_config import RuleCount, RulesPrecision, fingerprint
from baselines.rules_v1 import RulesV1
from cases.case import LabelledCase


def measure(rules: RulesV1, config: Path, cases: Iterable[LabelledCase], *, data: str) -> RulesPrecision:
    """Count firings and hits of every rule over the labelled ones of `cases`; `data` says what they are.

    A rule is right when its verdict is the label's. Raises ConfigError when `config` cannot be read.
    """
    fired: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for case in cases:
        if case.label is None:
            continue
        decided = rules.decide(case)
        fired[decided.rule] += 1
        right[decided.rule] += decided.verdict is case.label.verdict
    counts = {name: RuleCount(fired=fired[name], right=right[name]) for name in RULES}
    return RulesPrecision(
        rules_sha256=fingerprint(config), data=data, cases=sum(fired.values()), rules=counts
    )


def to_toml(precision: RulesPrecision) -> str:
    """The text of the precision file, as `read_precision` reads it."""
    data = precision.data.replace("\\", "\\\\").replace('"', '\\"')
    lines = [
        "# Written by: verdict rules measure. How often each rule fired, and was right, on calibration data.",
        "",
        f'rules_sha256 = "{precision.rules_sha256}"',
        f'data = "{data}"',
        f"cases = {precision.cases}",
        "",
        "[rules]",
        *(f"{name} = {{ fired = {c.fired}, right = {c.right} }}" for name, c in precision.rules.items()),
    ]
    return "\n".join(lines) + "\n"
