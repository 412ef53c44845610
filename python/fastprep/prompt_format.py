"""`PromptFormat`: how prompts and completions are worded, in training and at inference alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from fastprep import _fastprep, suggest_format
from fastprep.optional_packages import require
from fastprep.row_format import RowFormat
from fastprep.separator_pairs import SEPARATOR, STOP

if TYPE_CHECKING:
    from transformers import StoppingCriteriaList

    from fastprep.torch.stopping_criteria import Decodes


class PromptFormat(RowFormat):
    """How prompts and completions are worded, in training and at inference alike. Immutable.

    A row is rendered as `prompt + separator` and `completion + stop`. Templates name columns: `{column}` is its
    text, `{#column}…{/column}` is there where the column is not empty, `{^column}…{/column}` where it is; `{{` and
    `}}` are braces.

    Args:
        prompt: template of the prompt.
        completion: template of the completion.
        separator: ends each prompt.
        stop: ends each completion.
        eos: end each row in the tokenizer's EOS token, after the stop, so that the model learns to end. Default None:
            `tokenize` decides. It does where the tokenizer names an EOS token and the stop holds no control token.

    Raises:
        PlanError: `bad_template` or `bad_prompt_format`, with what is wrong and where.
    """

    __slots__ = ("_core",)
    _core: _fastprep.PromptFormat

    def __init__(
        self, prompt: str, *, completion: str, separator: str = SEPARATOR, stop: str = STOP, eos: bool | None = None
    ) -> None:
        self._core = _fastprep.PromptFormat(prompt, completion, separator, stop, eos)

    @classmethod
    def _of(cls, core: _fastprep.PromptFormat) -> Self:
        made = cls.__new__(cls)
        made._core = core
        return made

    @classmethod
    def rendered(cls, column: str, *, stop: str | None = None, eos: bool | None = None) -> Self:
        """The format of text that was rendered elsewhere, such as a column `text` that a chat template made.

        There is no prompt and no separator: all of the text is trained. Nothing is proven about its marks, since they
        mean what they meant where it was rendered. Its control tokens count as such with
        `tokenize(..., special_tokens="as_token")`; other policies take them for text of the data.

        Args:
            column: the column that holds the text.
            stop: what ends each text, such as `"<|im_end|>"`; added where a text does not end in it. Default None: the
                tokenizer's EOS token ends each text.
            eos: as for the constructor.

        Raises:
            PlanError: `bad_prompt_format`: the stop is empty, or there is neither a stop nor EOS.
        """
        return cls._of(_fastprep.PromptFormat.rendered(column, stop, eos))

    @staticmethod
    def suggest(
        data: Any, prompt: str, *, completion: str, tokenizer: Any = None, eos: bool | None = None
    ) -> PromptFormat:
        """The format that no row of `data` collides with: the first such pair of separator and stop from a list of
        well-known ones.

        Args:
            data: a pipeline, anything with `__arrow_c_stream__`, or a list of dicts. Read once or more.
            prompt: template of the prompt.
            completion: template of the completion.
            tokenizer: as for `Pipeline.tokenize`. Prefers a stop whose ids are the same after every one of the
                first 10,000 completions; warns where there is none.
            eos: as for the constructor.

        Raises:
            DataError: `no_pair`: every pair of the list occurs in the data.
        """
        def with_pair(separator: str, stop: str) -> PromptFormat:
            return PromptFormat(prompt, completion=completion, separator=separator, stop=stop, eos=eos)

        return suggest_format.suggest(data, with_pair, prompt, tokenizer)

    def check(self, data: Any) -> dict[str, int]:
        """Rows of `data` that this format would reject, by reason code; reads all of it and keeps nothing.

        Returns:
            `rows` (all that were read), `separator_collision`, `stop_collision`, and every other reason that came up.
        """
        return suggest_format.check(self, data)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The format that `to_json` wrote.

        Raises:
            PlanError: `bad_prompt_format`: the text is not such JSON.
        """
        return cls._of(_fastprep.PromptFormat.from_json(text))

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
        """What ends each prompt; None for text that was rendered elsewhere."""
        return self._core.separator

    @property
    def stop(self) -> str | None:
        """What ends each completion; None where EOS alone ends it."""
        return self._core.stop

    @property
    def eos(self) -> bool | None:
        """Whether rows end in the tokenizer's EOS token; None: `tokenize` decides."""
        return self._core.eos

    @property
    def columns(self) -> list[str]:
        """The columns that the templates name, in order."""
        return self._core.columns

    def render(self, /, **columns: Any) -> tuple[str, str]:
        """Prompt with separator and completion with stop, as a row of these columns is trained on. Proves nothing.

        A whole row may be given: columns that no template names are left alone.

        Raises:
            DataError: `missing_field`: a column that the templates need is not given.
            ColumnError: `misspelt_column`: a name that looks like a column that is not given. `wrong_type`: a column
                that a template names is no text.
        """
        return self._core.render(**columns)

    def render_prompt(self, /, **columns: Any) -> str:
        """Prompt with separator, for inference: worded as in training.

        A whole row may be given: columns that no template names are left alone.

        Raises:
            DataError: `missing_field`: a column that the prompt needs is not given.
            ColumnError: `misspelt_column`: a name that looks like a column that is not given. `wrong_type`: a column
                that a template names is no text.
        """
        return self._core.render_prompt(**columns)

    def parse_completion(self, text: str) -> str:
        """What a model generated, up to the stop."""
        return self._core.parse_completion(text)

    def check_prompt(self, text: str) -> None:
        """Says why a prompt was not made by this format; silent where it was.

        Raises:
            DataError: `not_this_format`.
        """
        self._core.check_prompt(text)

    def sampling_args(self) -> dict[str, list[str]]:
        """Arguments for a server's completion call: `{"stop": […]}`."""
        return self._core.sampling_args()

    def stopping_criteria(self, tokenizer: Decodes, prompt_tokens: int) -> StoppingCriteriaList:
        """What ends `model.generate` of transformers once the stop was generated; the prompt does not count.

        Args:
            tokenizer: what decodes ids: a tokenizer of transformers, or `fastprep.Tokenizer`.
            prompt_tokens: tokens of the prompts as they are given to `generate`, padding included:
                `input_ids.shape[1]`.

        Returns:
            A `StoppingCriteriaList`: `model.generate(…, stopping_criteria=…)`. The stop stays in the output;
            `parse_completion` cuts it off.

        Raises:
            ModuleNotFoundError: transformers is not installed.
        """
        require("transformers", "transformers", "PromptFormat.stopping_criteria()")
        from fastprep.torch.stopping_criteria import stopping_criteria

        return stopping_criteria(self.stop, tokenizer, prompt_tokens)

    def __repr__(self) -> str:
        return repr(self._core)

    def __eq__(self, other: object) -> bool:
        return self.to_json() == other.to_json() if isinstance(other, PromptFormat) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_json, (self.to_json(),)
