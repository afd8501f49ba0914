"""What transformers says the next token is: the yardstick for the engine's log-probabilities.

Takes: {"model_dir", "ids", "tokens"} as JSON on standard input. Gives: the natural log-probabilities of `tokens` after
`ids` as JSON on standard output. Does not: use vLLM, or import anything of the project.
"""

import json
import sys

import torch
from transformers import AutoModelForCausalLM


def main() -> None:
    """Read, run one forward pass in bfloat16 (what the engine computes in), write."""
    question = json.load(sys.stdin)
    model = AutoModelForCausalLM.from_pretrained(question["model_dir"], dtype=torch.bfloat16)
    with torch.inference_mode():
        logits = model(torch.tensor([question["ids"]])).logits[0, -1]
    logprobs = torch.log_softmax(logits.float(), dim=-1)
    json.dump([logprobs[token].item() for token in question["tokens"]], sys.stdout)


if __name__ == "__main__":
    main()
