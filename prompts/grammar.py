r"""Grammars under which an engine can only write well-formed explanations.

Takes: a verdict. Gives: xgrammar EBNF for vLLM's `structured_outputs: {"grammar": ...}`. Does not: compile it.

One to three distinct factors of the verdict's own section in any order, since the first is the weightiest:

    list  ::= f0 a0 | f1 a1 | ...                      first factor i
    a0    ::= "]" | ", " (f1 p0x1 | f2 p0x2 | ...)     a second one, not i
    p0x1  ::= "]" | ", " (f2 | f3 | ...) "]"           a third one, not of the pair, whichever order the pair came in

Rules for unordered pairs keep it at 192 rules for the 18 factors towards induced. CPU time to compile with xgrammar
0.2.8 and a vocabulary of 8,192: induced 1.1 s, not_induced 0.5 s, inconclusive 0.4 s, of which 0.35 s each is the
counting of the reasoning's 20 to 600 characters. Measured and left: a canonical order (induced 0.5 s) would train the
model away from most-weighty-first; counting the reasoning in blocks (`t{1,29} [^<]{0,20}`) compiles in 0.1 s, but then
each token's mask takes 1.5 ms in place of 0.1 ms, and 100 ms with a vocabulary of 128,256. With that vocabulary a
grammar takes 10 to 15 s of CPU time: whoever serves one asks for each explanation once before it is ready.
"""

from itertools import combinations

from cases.factor import Factor, factors_for
from cases.verdict import VERDICTS, Verdict
from prompts.document import (
    DOCUMENT_CLOSE,
    MAX_REASONING_CHARS,
    MIN_REASONING_CHARS,
    TO_FACTORS,
    TO_REASONING,
)


def explanation_grammar(verdict: Verdict) -> str:
    """What may follow `<decision_factors>` when the verdict is given, up to and with `</reasoning>`."""
    return "\n".join(("root ::= factors rest", *_factor_rules("factors", verdict), _rest_rule(), ""))


def document_grammar() -> str:
    """What may follow the prompt's `<verdict>`: the label, then an explanation of that label."""
    starts = " | ".join(f"{_literal(v.value + TO_FACTORS)} {v.value.replace('_', '')}" for v in VERDICTS)
    rules = [rule for v in VERDICTS for rule in _factor_rules(v.value.replace("_", ""), v)]
    return "\n".join((f"root ::= ({starts}) rest", *rules, _rest_rule(), ""))


def _rest_rule() -> str:
    reasoning = f"[^<]{{{MIN_REASONING_CHARS},{MAX_REASONING_CHARS}}}"
    return f"rest ::= {_literal(TO_REASONING)} {reasoning} {_literal(DOCUMENT_CLOSE)}"


def _factor_rules(name: str, verdict: Verdict) -> list[str]:
    """Rules for a list of one to three distinct factors of the section; `name` is the list's and prefixes the rest."""
    factors = factors_for(verdict)
    every = range(len(factors))

    def choice(alternatives: list[str]) -> str:
        return " | ".join(alternatives)

    def pair(one: int, other: int) -> str:
        return f"{name}p{min(one, other)}x{max(one, other)}"

    rules = [f'{name} ::= "[" ({choice([f"{name}f{i} {name}a{i}" for i in every])})']
    rules += [f"{name}f{i} ::= {_quoted(factors[i])}" for i in every]
    for i in every:
        seconds = choice([f"{name}f{j} {pair(i, j)}" for j in every if j != i])
        rules.append(f'{name}a{i} ::= "]" | ", " ({seconds})')
    for i, j in combinations(every, 2):
        thirds = choice([f"{name}f{k}" for k in every if k not in (i, j)])
        rules.append(f'{pair(i, j)} ::= "]" | ", " ({thirds}) "]"')
    return rules


def _quoted(factor: Factor) -> str:
    return _literal(f"'{factor.value}'")


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
