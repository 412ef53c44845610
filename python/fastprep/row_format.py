"""What `Pipeline.format` takes: a format that the core reads as JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod


class RowFormat(ABC):
    """How rows are worded.

    Formats have methods that run pipelines, so pipelines know only this base class.
    """

    __slots__ = ()

    @abstractmethod
    def to_json(self) -> str:
        """The format as JSON; the manifest of a prepared folder holds the same."""
