"""`RowFormat`: the base class of what `Pipeline.format` takes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

FORMATS: dict[str, Any] = {}
"""The classes of formats by their name, for modules that `prompt_format.py` imports itself."""


class RowFormat(ABC):
    """Renders rows to text. The core reads it as JSON.

    `PromptFormat` has methods that run pipelines, so `pipeline.py` imports only this base class.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        FORMATS[cls.__name__] = cls

    @abstractmethod
    def to_json(self) -> str:
        """The format as JSON; the manifest of a prepared folder holds the same."""
