"""`RowFormat`: the base class of what `Pipeline.format` takes."""

from __future__ import annotations

from abc import ABC, abstractmethod


class RowFormat(ABC):
    """Renders rows to text. The core reads it as JSON.

    `PromptFormat` has methods that run pipelines, so `pipeline.py` imports only this base class.
    """

    __slots__ = ()

    @abstractmethod
    def to_json(self) -> str:
        """The format as JSON; the manifest of a prepared folder holds the same."""
