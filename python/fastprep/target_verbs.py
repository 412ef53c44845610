"""The verb and the sink of `Pipeline` that write conversations for providers and trainers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from fastprep import option_checks

if TYPE_CHECKING:
    import os

    from fastprep.pipeline import Pipeline
    from fastprep.report.run_report import Report
    from fastprep.words import Target


class TargetVerbs(ABC):
    """What writes conversations; `Pipeline` has it all."""

    __slots__ = ()

    @abstractmethod
    def _push(self, verb: str, in_memory: Any = None, /, **settings: Any) -> Pipeline:
        """The pipeline with one more step; `in_memory` is what JSON cannot represent."""

    @abstractmethod
    def _verbs(self) -> list[str]:
        """The verbs of the steps."""

    def write_as(self, target: Target) -> Pipeline:
        """Write the rows as conversations in the form of a provider or a trainer. It must be the last step.

        The columns are replaced by `messages` and `tools`; for `"bedrock"` by `schemaVersion`, `system` and `messages`;
        for targets that take preferences, such as `"azure_dpo"`, by `input`, `preferred_output` and
        `non_preferred_output`. Rows of every dialect but preferences are conversations: pairs and Alpaca are a question
        and its answer. A row that has what the form cannot hold, such as weights or thoughts, or that the target would
        refuse by its limits, is rejected as `not_in_target`; no part of a message is left out in silence.

        What rows mean is said by `read_as`; without one, `read_as()` is put before this step.

        Args:
            target: where the files will be used.

        Raises:
            PlanError: `bad_option`: there is no such target. `bad_chain`: the rows are rendered or weighted, or have no
                dialect, or another step comes after it.
        """
        target_name = option_checks.text("write_as", "target", target)
        if "read_as" in self._verbs():
            return self._push("write_as", target=target_name)
        return self._push("read_as", dialect="auto", columns=None)._push("write_as", target=target_name)

    def sink_chat(
        self,
        path: str | os.PathLike[str],
        *,
        target: Target,
        overwrite: bool = False,
        max_rejects: float | str | None = None,
        threads: int | None = None,
        report: bool = False,
    ) -> Report:
        """Run, and publish files of conversations that a provider or a trainer accepts: one for each split.

        The rows are those of `write_as(target)`. The files are JSON lines, with a byte order mark where the target asks
        for it. Before they are published, `lint` reads them: if the target would refuse one of them, nothing is.
        Other arguments are as for `sink_arrow`.

        Raises:
            DataError: `refused_by_target`: the files break a limit of the target, such as the fewest rows, or have a
                conversation in two splits. Too many rows were rejected, or no row is left.
            PlanError: as for `write_as`.
            PublishError: the folder exists, the disk is full, and so on.
        """
        rows = self.write_as(target)
        return rows.sink_jsonl(path, overwrite=overwrite, max_rejects=max_rejects, threads=threads, report=report)
