"""The verbs of `Pipeline` that change how many rows of each class there are, or what they weigh."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from fastprep import option_checks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastprep.pipeline import Pipeline
    from fastprep.words import BalanceHow


class BalanceVerbs(ABC):
    """The verbs for classes; `Pipeline` has them all."""

    __slots__ = ()

    @abstractmethod
    def _push(self, verb: str, in_memory: Any = None, /, **settings: Any) -> Pipeline:
        """The pipeline with one more step; `in_memory` is what JSON cannot represent."""

    def balance(self, by: str | Sequence[str], how: BalanceHow = "undersample", *, seed: int = 0) -> Pipeline:
        """Make all classes equal, in rows or in weight. It needs all rows, which spill to disk.

        It changes rows of the split `train` alone: put `split` before it. A row whose class is null is rejected as
        `missing_field`.

        Args:
            by: the column of the class, or several: rows with the same values are a class.
            how: `"undersample"` keeps as many rows of each class as the smallest has, in their order. `"oversample"`
                repeats rows until each class has as many as the largest: every row of a class leaves equally often,
                or once more; the classes are spread evenly over the output. `"weights"` keeps all rows, and adds the
                column `row_weight`: (rows) / (classes x rows of the class), so that the mean is 1.
            seed: with another seed, other rows stay, or leave once more. Weights do not depend on it.

        Raises:
            PlanError: `bad_chain`: after `"oversample"` comes `dedup`, which would remove the copies, or `split`.
            ColumnError: at `explain()` or the sink: `missing_column`, or `duplicate_column` where there is a
                `row_weight` already.
        """
        verb = "balance"
        return self._push(
            verb,
            by=option_checks.columns(verb, "by", by),
            how=option_checks.text(verb, "how", how),
            seed=option_checks.whole_number(verb, "seed", seed, 0, 1 << 64),
        )
