"""`PromptFormat`: renders prompts and completions, the same way in training and at inference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from fastprep import _fastprep, format_trials
from fastprep.optional_packages import require
from fastprep.row_format import RowFormat
from fastprep.separators_and_stops import SEPARATOR, STOP

if TYPE_CHECKING:
    from transformers import StoppingCriteriaList

    from fastprep.torch.stopping_criteria import Decodes


class PromptFormat(RowFormat):
    """Renders prompts and completions, the same way in training and at inference. Immutable.

    A row is rendered as `prompt + separator` and `completion + stop`. Templates name columns: `{column}` is its text,
    `{#column}…{/column}` is included if the column is not empty, `{^column}…{/column}` if it is. `{{` and `}}`
    are literal braces.

    Args:
        prompt: the template of the prompt.
        completion: the template of the completion.
        separator: the end of each prompt.
        stop: the end of each completion.
        eos: whether each row ends in the tokenizer's EOS token, after the stop, so that the model learns to end.
            Default None: `tokenize` adds it if the tokenizer names an EOS token and the stop holds no control token.

    Raises:
        PlanError: `bad_template` or `bad_prompt_format`; the message says what is wrong, and where.
    """

    __slots__ = ("_core",)
    _core: _fastprep.PromptFormat

    def __init__(
        self, prompt: str, *, completion: str, separator: str = SEPARATOR, stop: str = STOP, eos: bool | None = None
    ) -> None:
        self._core = _fastprep.PromptFormat(prompt, completion, separator, stop, eos)

    @classmethod
    def _from_core(cls, core: _fastprep.PromptFormat) -> Self:
        wrapper = cls.__new__(cls)
        wrapper._core = core
        return wrapper

    @classmethod
    def rendered(cls, column: str, *, stop: str | None = None, eos: bool | None = None) -> Self:
        """A format for text that is rendered already, such as a column `text` from a chat template.

        There is no prompt and no separator: all of the text is trained. fastprep proves nothing about the text. Control
        tokens in it become control tokens with `tokenize(..., special_tokens="as_token")`; with other policies they
        count as text of the data.

        Args:
            column: the column that holds the text.
            stop: the end of each text, such as `"<|im_end|>"`; added to texts that do not end in it. Default None: the
                tokenizer's EOS token ends each text.
            eos: as for the constructor.

        Raises:
            PlanError: `bad_prompt_format`: the stop is empty, or there is neither a stop nor EOS.
        """
        return cls._from_core(_fastprep.PromptFormat.rendered(column, stop, eos))

    @staticmethod
    def suggest(
        data: Any, prompt: str, *, completion: str, tokenizer: Any = None, eos: bool | None = None
    ) -> PromptFormat:
        """A format whose separator and stop occur in no row of `data`, from a list of well-known pairs.

        Args:
            data: a pipeline, anything with `__arrow_c_stream__`, or a list of dicts. It may be read several times.
            prompt: the template of the prompt.
            completion: the template of the completion.
            tokenizer: as for `Pipeline.tokenize`. With one, a stop is preferred whose token ids are the same after each
                of the first 10,000 completions. A warning says if there is none.
            eos: as for the constructor.

        Raises:
            DataError: `no_pair`: every pair of the list occurs in the data.
        """

        def with_pair(separator: str, stop: str) -> PromptFormat:
            return PromptFormat(prompt, completion=completion, separator=separator, stop=stop, eos=eos)

        return format_trials.suggest(data, with_pair, prompt, tokenizer)

    def check(self, data: Any) -> dict[str, int]:
        """How many rows of `data` this format would reject, by reason code. Reads all rows and writes nothing.

        Returns:
            `rows` (all rows read), `separator_collision`, `stop_collision`, and every other reason that occurred.
        """
        return format_trials.check(self, data)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The format from the text of `to_json`.

        Raises:
            PlanError: `bad_prompt_format`: the text is not such JSON.
        """
        return cls._from_core(_fastprep.PromptFormat.from_json(text))

    def to_json(self) -> str:
        """The format as JSON; the manifest of a prepared folder holds the same."""
        return self._core.to_json()

    @property
    def prompt(self) -> str:
        """The template of the prompt."""
        return self._core.prompt

    @property
    def completion(self) -> str:
        """The template of the completion."""
        return self._core.completion

    @property
    def separator(self) -> str | None:
        """The end of each prompt; None for text that is rendered already."""
        return self._core.separator

    @property
    def stop(self) -> str | None:
        """The end of each completion; None if only EOS ends it."""
        return self._core.stop

    @property
    def eos(self) -> bool | None:
        """Whether rows end in the tokenizer's EOS token; None if `tokenize` decides."""
        return self._core.eos

    @property
    def columns(self) -> list[str]:
        """The columns that the templates name, in order."""
        return self._core.columns

    def render(self, /, **columns: Any) -> tuple[str, str]:
        """The prompt with its separator and the completion with its stop, as in training. Proves nothing.

        A complete row may be passed: columns that no template names are ignored.

        Raises:
            DataError: `missing_field`: a column that the templates need is missing.
            ColumnError: `misspelt_column`: a name is nearly that of a missing column. `wrong_type`: a column that a
                template names is not text.
        """
        return self._core.render(**columns)

    def render_prompt(self, /, **columns: Any) -> str:
        """The prompt with its separator, for inference: the same text as in training.

        A complete row may be passed: columns that no template names are ignored.

        Raises:
            DataError: `missing_field`: a column that the prompt needs is missing.
            ColumnError: `misspelt_column`: a name is nearly that of a missing column. `wrong_type`: a column that a
                template names is not text.
        """
        return self._core.render_prompt(**columns)

    def parse_completion(self, text: str) -> str:
        """The text that a model generated, up to the stop."""
        return self._core.parse_completion(text)

    def check_prompt(self, text: str) -> None:
        """Raises if a prompt was not rendered by this format.

        Raises:
            DataError: `not_this_format`: the message says why.
        """
        self._core.check_prompt(text)

    def sampling_args(self) -> dict[str, list[str]]:
        """Arguments for a server's completion call: `{"stop": […]}`."""
        return self._core.sampling_args()

    def stopping_criteria(self, tokenizer: Decodes, prompt_tokens: int) -> StoppingCriteriaList:
        """Ends `model.generate` of transformers once the stop is generated. The prompt does not count.

        Args:
            tokenizer: a tokenizer of transformers or `fastprep.Tokenizer`, to decode ids.
            prompt_tokens: the length of the prompts passed to `generate`, including padding: `input_ids.shape[1]`.

        Returns:
            A `StoppingCriteriaList`: `model.generate(…, stopping_criteria=…)`. The stop stays in the output;
            `parse_completion` removes it.

        Raises:
            ModuleNotFoundError: transformers is not installed.
        """
        require("transformers", "transformers", "PromptFormat.stopping_criteria()")
        from fastprep.torch.stopping_criteria import stopping_criteria

        return stopping_criteria([] if self.stop is None else [self.stop], tokenizer, prompt_tokens)

    def __repr__(self) -> str:
        return repr(self._core)

    def __eq__(self, other: object) -> bool:
        return self.to_json() == other.to_json() if isinstance(other, PromptFormat) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_json, (self.to_json(),)
