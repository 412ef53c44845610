"""The verbs of `Pipeline` that change how many rows of each class or source there are, or what they weigh."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from fastprep import option_checks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastprep.pipeline import Pipeline
    from fastprep.words import BalanceHow, MixUnit, OnExhausted


class BalanceVerbs(ABC):
    """The verbs for classes and sources; `Pipeline` has them all."""

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

    def mix(
        self,
        weights: Mapping[str, float],
        by: str = "source",
        *,
        unit: MixUnit = "rows",
        on_exhausted: OnExhausted = "stop",
        seed: int = 0,
    ) -> Pipeline:
        """Mix sources in the shares of their weights, spread evenly. It needs all rows, which spill to disk.

        It changes rows of the split `train` alone: put `split` before it. A row whose source is null is rejected as
        `missing_field`.

        Args:
            weights: the weight of each source. They are divided by their sum. 0 leaves the rows of a source out, which
                are counted as `surplus`.
            by: the column of text that names the source of a row; `concat` adds the column `source`.
            unit: what is shared out: `"rows"`, or `"tokens"` of `input_ids`, after `tokenize`.
            on_exhausted: `"stop"` ends with the source that is the first without more rows; the rows of the others that
                are left over are counted as `surplus`. `"repeat"` repeats rows until every row is in the mix: each row
                of a source leaves equally often, or once more.
            seed: with another seed, other rows leave, or leave once more.

        Raises:
            PlanError: `bad_option`: a weight is below 0, or none is above 0. `bad_chain`: after `"repeat"` comes
                `dedup`, which would remove the copies, or `split`.
            ColumnError: at `explain()` or the sink: a column is missing, or is not text.
            DataError: `source_without_weight`: rows of a source that has no weight. `source_without_rows`: a weight for
                a source without rows. `too_many_rows`.
        """
        verb = "mix"
        named = option_checks.mapping(verb, "weights", weights)
        numbers = {s: float(option_checks.number(verb, f"weights[{s!r}]", w)) for s, w in named.items()}
        return self._push(
            verb,
            # As texts: JSON may lose the last bit of a number.
            weights={option_checks.valid_unicode(verb, "weights", s): repr(w) for s, w in numbers.items()},
            by=option_checks.text(verb, "by", by),
            unit=option_checks.text(verb, "unit", unit),
            on_exhausted=option_checks.text(verb, "on_exhausted", on_exhausted),
            seed=option_checks.whole_number(verb, "seed", seed, 0, 1 << 64),
        )
