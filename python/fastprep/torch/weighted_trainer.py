"""``WeightedTrainer`` and ``WeightedLoss``: a Trainer whose loss uses the weight of each token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from transformers import Trainer

from fastprep._fastprep import IGNORE, LABELS
from fastprep.exceptions import ColumnError, PlanError
from fastprep.loss_columns import LOSS_WEIGHTS
from fastprep.torch.collator import Collator
from fastprep.torch.dataset import TorchRows

Batch = dict[str, Any]


class WeightedLoss:
    """A mixin that gives a Trainer a weighted loss: ``class MyTrainer(WeightedLoss, SFTTrainer): ...``.

    The loss of an optimizer step is Σ w·ce / Σ w, both sums over the tokens of all its micro-batches on all devices.
    With weights of 0 and 1 it is the cross-entropy of the trained tokens. Batches come from
    ``PreparedData.collator()``, whose weights it turns on; ``loss_weights`` are not passed to the model. If you wrap
    the collator in a function, pass ``weighted=True`` yourself. (A loss function passed to another Trainer never gets
    weights.)

    Rows of ``Split.to_torch()`` are followed by fillers (rows with weight 0), so that devices train each row once. A
    Trainer without this mixin repeats rows instead. ``eval_loss`` is Σ w·ce / Σ w over all rows, not a mean of the
    batches' means.

    Raises:
        PlanError: An option would silently change the loss: ``label_smoothing_factor``, ``compute_loss_func``, TRL's
            ``loss_type`` or the router loss of a mixture of experts, which this loss does not use, or several GPUs in
            one process. Or the class names the Trainer before ``WeightedLoss``, whose methods would not be used.
        ColumnError: In training: a batch has no ``loss_weights``.
    """

    loss_is_scaled_for_ga: bool | None = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Checks that ``WeightedLoss`` comes before the Trainer among the bases."""
        super().__init_subclass__(**kwargs)
        order = cls.__mro__
        if Trainer in order and order.index(Trainer) < order.index(WeightedLoss):
            raise PlanError.new(
                f"{cls.__name__}: the Trainer comes before WeightedLoss, so the Trainer's own loss would be used",
                code="bad_option",
                help="write WeightedLoss first: class MyTrainer(WeightedLoss, SFTTrainer)",
            )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Args: those of the Trainer."""
        super().__init__(*args, **kwargs)
        trainer: Any = self
        options = trainer.args
        unused = {
            "label_smoothing_factor": options.label_smoothing_factor,
            "compute_loss_func": trainer.compute_loss_func,
            "n_gpu above 1": options.n_gpu > 1,
            "loss_type": getattr(options, "loss_type", "nll") != "nll",
            "output_router_logits": _adds_router_loss(trainer.model),
        }
        for name, is_set in unused.items():
            if is_set:
                raise PlanError.new(
                    f"WeightedLoss: {name} is set, but the weighted loss does not use it",
                    code="bad_option",
                    help="leave it out; start a process for each GPU with torchrun or accelerate launch; "
                    "turn the router loss off with SFTConfig(router_aux_loss_coef=0.0)",
                )
        # Otherwise the Trainer removes the columns with weights before the collator.
        options.remove_unused_columns = False
        trainer.train_dataset = _filled(trainer.train_dataset, options.train_batch_size * options.world_size)
        eval_rows = options.eval_batch_size * options.world_size
        if isinstance(trainer.eval_dataset, dict):
            trainer.eval_dataset = {name: _filled(one, eval_rows) for name, one in trainer.eval_dataset.items()}
        else:
            trainer.eval_dataset = _filled(trainer.eval_dataset, eval_rows)
        self._eval_sums: torch.Tensor | None = None

    @property
    def data_collator(self) -> Any:
        """The collator; a ``Collator`` always with weights turned on."""
        return self._data_collator

    @data_collator.setter
    def data_collator(self, collator: Any) -> None:
        self._data_collator = collator.with_weights() if isinstance(collator, Collator) else collator

    def _get_num_items_in_batch(self, batch_samples: list[Batch], device: torch.device) -> torch.Tensor | None:
        """The sum of the weights of a step's batches on all devices; None if there are no batches."""
        if not batch_samples:
            return None
        total = torch.stack([_weights(batch).sum() for batch in batch_samples]).sum().to(device)
        trainer: Any = self
        if trainer.args.world_size > 1:
            total = trainer.accelerator.gather(total).sum()
        return total

    def compute_loss(
        self,
        model: Any,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> Any:
        """The batch's part of the weighted loss of the step; see ``Trainer.compute_loss``."""
        trainer: Any = self
        weights = _weights(inputs)
        labels = inputs[LABELS][..., 1:]
        outputs = model(**{name: value for name, value in inputs.items() if name not in (LABELS, LOSS_WEIGHTS)})
        # In float32: the logits of a model in bfloat16 are bfloat16.
        logits = outputs.logits[..., :-1, :].float()
        losses = torch.nn.functional.cross_entropy(
            logits.flatten(0, -2), labels.flatten(), ignore_index=IGNORE, reduction="none"
        )
        total = (weights.flatten() * losses).sum()
        if not model.training:
            sums = torch.stack([total.detach().double(), weights.sum().double()])
            self._eval_sums = sums if self._eval_sums is None else self._eval_sums + sums
        divisor = weights.sum() if num_items_in_batch is None else num_items_in_batch
        # A step of only fillers has the weight 0; its loss is 0.
        loss = total / divisor.clamp(min=torch.finfo(torch.float32).tiny)
        if num_items_in_batch is not None and model.training:
            # The Trainer averages the gradients of devices, but these are parts of a sum.
            loss = loss * (trainer.accelerator.num_processes // trainer.get_tp_size())
        return (loss, outputs) if return_outputs else loss

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
        """As ``Trainer.evaluation_loop``; the loss is over all rows."""
        trainer: Any = self
        self._eval_sums = None
        output = super().evaluation_loop(*args, **kwargs)  # type: ignore[misc]
        if self._eval_sums is not None:
            total, weight = trainer.accelerator.gather(self._eval_sums.view(1, 2)).sum(0).tolist()
            prefix = kwargs.get("metric_key_prefix", "eval")
            output.metrics[f"{prefix}_loss"] = total / weight if weight else 0.0
        return output

    def get_eval_dataloader(self, eval_dataset: Any = None) -> Any:
        """As ``Trainer.get_eval_dataloader``, with fillers where devices would repeat rows."""
        options: Any = self.args  # type: ignore[attr-defined]
        eval_dataset = _filled(eval_dataset, options.eval_batch_size * options.world_size)
        return super().get_eval_dataloader(eval_dataset)  # type: ignore[misc]


class WeightedTrainer(WeightedLoss, Trainer):  # type: ignore[misc]  # a mixin of any Trainer
    """``transformers.Trainer`` with the loss of ``WeightedLoss``."""


def _weights(batch: Mapping[str, Any]) -> torch.Tensor:
    """The weight of each predicted token: shape [rows, tokens - 1]."""
    if LOSS_WEIGHTS not in batch:
        raise ColumnError.new(
            f"a batch has no `{LOSS_WEIGHTS}`; keys: {', '.join(batch)}",
            code="missing_column",
            column=LOSS_WEIGHTS,
            help="pass data_collator=data.collator(...) to the trainer",
        )
    labels: torch.Tensor = batch[LABELS][..., 1:]
    return torch.where(labels != IGNORE, batch[LOSS_WEIGHTS][..., 1:].float(), 0.0)


def _adds_router_loss(model: Any) -> bool:
    """Whether the model adds a router loss to the loss of the tokens."""
    config: Any = getattr(model, "config", None)
    text_config = config.get_text_config() if hasattr(config, "get_text_config") else config
    return bool(getattr(text_config, "output_router_logits", False))


def _filled(dataset: Any, multiple: int) -> Any:
    return dataset.filled(multiple) if isinstance(dataset, TorchRows) else dataset
