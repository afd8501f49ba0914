"""What the pipeline is made of, assembled once at start-up.

Takes: loaded parts. Gives: one frozen object that names them. Does not: load or start anything (`serving.assembly`).
"""

from dataclasses import dataclass

from baselines.rules_v1 import RulesV1
from cases.market import Markets
from prompts.render import PromptRenderer
from prompts.template import PromptTemplate
from prompts.tokenizer import PromptTokenizer
from serving.admission import Admission
from serving.decision_log import DecisionLog
from serving.engine_unit import EngineUnit
from serving.engines.base import Engine
from serving.engines.explain_queue import ExplainQueue
from serving.metrics import Metrics
from serving.model_files import ModelCard
from serving.savings import DocumentLengths
from serving.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a decision meets on its way."""

    settings: Settings
    markets: Markets
    template: PromptTemplate
    tokenizer: PromptTokenizer
    renderer: PromptRenderer
    card: ModelCard
    rules: RulesV1
    unit: EngineUnit
    explanations: ExplainQueue
    log: DecisionLog
    admission: Admission
    metrics: Metrics
    lengths: DocumentLengths

    @property
    def engine(self) -> Engine:
        """The text generator."""
        return self.unit.engine
