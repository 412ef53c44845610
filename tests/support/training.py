"""A small model, a trainer's options, and the loss and gradient that training must have, in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from published import EOS, PAD, VOCABULARY, token_weights


def make_model() -> Any:
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        pad_token_id=PAD,
        bos_token_id=None,
        eos_token_id=EOS,
    )
    return transformers.LlamaForCausalLM(config)


def make_tokenizer() -> Any:
    import tokenizers

    words = {"<pad>": PAD, "<eos>": EOS} | {f"w{i}": i for i in range(2, VOCABULARY)}
    backend = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="w2"))
    return transformers.PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>", eos_token="<eos>")


def options(folder: Path, **more: Any) -> dict[str, Any]:
    return {
        "output_dir": str(folder / "trained"),
        "num_train_epochs": 1,
        "use_cpu": True,
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
        "learning_rate": 0.0,
        "max_grad_norm": 0.0,
        **more,
    }


class Gradient(transformers.TrainerCallback):  # type: ignore[misc]
    """Keeps the gradient of the last optimizer step."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        self.kept = [parameter.grad.detach().clone() for parameter in model.parameters()]


def reference(rows: Any, prompt_loss_weight: float) -> tuple[float, list[Any]]:
    """Loss and gradient over all rows in float64, a row at a time."""
    model = make_model().double()
    total, norm = torch.zeros((), dtype=torch.float64), 0.0
    for row in rows:
        ids = torch.tensor([row["input_ids"]])
        log_probs = model(input_ids=ids, use_cache=False).logits.log_softmax(-1)
        for i, weight in enumerate(token_weights(row, prompt_loss_weight)[1:]):
            total = total - weight * log_probs[0, i, ids[0, i + 1]]
            norm += weight
    loss = total / norm
    loss.backward()
    return float(loss.detach()), [parameter.grad for parameter in model.parameters()]


def error(found: list[Any], expected: list[Any]) -> float:
    """The relative error of a gradient."""
    difference = sum(float((one.double() - other).square().sum()) for one, other in zip(found, expected, strict=True))
    return float((difference / sum(float(other.square().sum()) for other in expected)) ** 0.5)
