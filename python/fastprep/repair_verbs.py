"""The verbs of `Pipeline` that repair text, before `format`, and rows with different answers to one prompt."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from fastprep import option_checks
from fastprep._fastprep import PROMPT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastprep.pipeline import Pipeline
    from fastprep.words import Keep, PersonalData, Role, UnicodeForm


class RepairVerbs(ABC):
    """The repairs; `Pipeline` has them all."""

    __slots__ = ()

    @abstractmethod
    def _push(self, verb: str, in_memory: Any = None, /, **settings: Any) -> Pipeline:
        """The pipeline with one more step; `in_memory` is what JSON cannot represent."""

    def normalize(
        self,
        columns: str | Sequence[str] | None = None,
        *,
        on: Role | Sequence[Role] | None = None,
        line_ends: bool = True,
        unicode: UnicodeForm | None = "NFC",
        invisible: bool = True,
        strip: bool = True,
    ) -> Pipeline:
        r"""Bring text into one form, before `format`. Null stays null, and no row is removed.

        The parts run in the order of the parameters. A second `normalize` with the same options changes nothing.

        Args:
            columns: text columns. Default: those in the templates of `format`; without it `prompt` and `completion`.
            on: the roles of messages whose texts are changed, instead of whole columns: `"assistant"`, or several. The
                columns then hold messages as JSON; by default they are those of `read_as`. Names, ids and calls of
                tools stay, and what is not changed keeps its bytes.
            line_ends: turn `\r\n` and `\r` into `\n`.
            unicode: the Unicode form: `"NFC"`, `"NFKC"`, or None to leave characters as they are.
            invisible: remove control characters other than white space, and characters of no width: U+200B, byte order
                marks, soft hyphens, marks of direction. Joiners (U+200C, U+200D) stay: words and emoji need them.
            strip: remove white space at both ends.

        Raises:
            PlanError: `bad_chain`: it would change the proven `prompt` and `completion` after `format`.
            ColumnError: at `explain()` or the sink: a column is missing, or is not text.
        """
        verb = "normalize"
        return self._push(
            verb,
            columns=None if columns is None else option_checks.columns(verb, "columns", columns),
            on=roles(verb, on),
            line_ends=option_checks.boolean(verb, "line_ends", line_ends),
            unicode=None if unicode is None else option_checks.text(verb, "unicode", unicode),
            invisible=option_checks.boolean(verb, "invisible", invisible),
            strip=option_checks.boolean(verb, "strip", strip),
        )

    def strip_affix(
        self,
        columns: str | Sequence[str],
        *,
        prefix: str = "",
        suffix: str = "",
        on: Role | Sequence[Role] | None = None,
    ) -> Pipeline:
        """Remove what texts begin or end with, once each. Texts without it stay as they are.

        Args:
            columns: text columns.
            prefix: the exact text to remove at the start.
            suffix: the exact text to remove at the end.
            on: the roles of messages whose texts are changed, instead of whole columns: `"assistant"`, or several. The
                columns then hold messages as JSON.

        Raises:
            PlanError: `bad_option`: both are empty. `bad_chain`: it would change `prompt` or `completion` after
                `format`.
        """
        return self._affix("strip_affix", columns, prefix, suffix, on)

    def ensure_affix(
        self,
        columns: str | Sequence[str],
        *,
        prefix: str = "",
        suffix: str = "",
        on: Role | Sequence[Role] | None = None,
    ) -> Pipeline:
        """Add a start and an end to texts that do not have them. Texts that have them stay as they are.

        Args:
            columns: text columns.
            prefix: the exact text that each is to begin with.
            suffix: the exact text that each is to end with.
            on: the roles of messages whose texts are changed, instead of whole columns: `"assistant"`, or several. The
                columns then hold messages as JSON.

        Raises:
            PlanError: `bad_option`: both are empty. `bad_chain`: it would change `prompt` or `completion` after
                `format`.
        """
        return self._affix("ensure_affix", columns, prefix, suffix, on)

    def _affix(
        self, verb: str, columns: str | Sequence[str], prefix: str, suffix: str, on: Role | Sequence[Role] | None
    ) -> Pipeline:
        names = option_checks.columns(verb, "columns", columns)
        prefix, suffix = (option_checks.text(verb, *given) for given in (("prefix", prefix), ("suffix", suffix)))
        if not prefix and not suffix:
            fix = f'give at least one of prefix= and suffix=: {verb}("completion", suffix="\\n")'
            raise option_checks.bad_option(f"{verb}: both `prefix` and `suffix` are empty", fix)
        return self._push(verb, columns=names, on=roles(verb, on), prefix=prefix, suffix=suffix)

    def redact(
        self,
        columns: str | Sequence[str] | None = None,
        *,
        on: Role | Sequence[Role] | None = None,
        kinds: PersonalData | Sequence[PersonalData] = ("email", "phone", "card", "iban", "secret"),
    ) -> Pipeline:
        """Replace personal data and secrets by `[EMAIL]`, `[PHONE]`, `[CARD]`, `[IBAN]` and `[SECRET]`.

        It comes before `format`. They are found by their form and their check digits. Names of persons and streets have
        no form, and stay. Of a text that is a JSON object or array the strings and numbers are changed: it stays JSON.

        Args:
            columns: text columns. Default: those in the templates of `format`; without it `prompt` and `completion`.
            on: the roles of messages whose texts are changed, instead of whole columns: `"assistant"`, or several. The
                columns then hold messages as JSON; by default they are those of `read_as`. Arguments of calls belong to
                `"assistant"`, results to `"tool"`. Names and ids stay, and what is not changed keeps its bytes.
            kinds: what to replace: e-mail addresses, phone numbers, payment cards (by brand and check digit), bank
                accounts (IBAN), and keys, tokens and passwords.

        Raises:
            PlanError: `bad_chain`: it would change the proven `prompt` and `completion` after `format`.
            ColumnError: at `explain()` or the sink: a column is missing, or is not text.
        """
        words = option_checks.texts("redact", "kinds", kinds)
        if not words:
            raise option_checks.bad_option("redact: `kinds` is empty", 'name what to replace: kinds=["email"]')
        named = None if columns is None else option_checks.columns("redact", "columns", columns)
        return self._push("redact", columns=named, on=roles("redact", on), kinds=words)

    def resolve_conflicts(
        self,
        keep: Keep = "first",
        *,
        prompt: str | Sequence[str] | None = None,
        answer: str | Sequence[str] | None = None,
    ) -> Pipeline:
        """Of rows with the same prompt and different answers, keep those of one answer; reject the others.

        Rows keep their order. The step needs all rows, which spill to disk. What is compared, by default: the rendered
        prompt and completion after `format`; after `read_as`, the last answer of a dialogue and all that is before it,
        system and tools included; else the columns in the templates of `format`, or `prompt` and `completion`.

        Args:
            keep: the answer that stays: `"first"`, that of the first row; `"most"`, that of most rows, of several such
                the first; `"none"`, no answer.
            prompt: the columns of the prompt.
            answer: the columns of the answer. Give both or neither.

        Raises:
            PlanError: `bad_option`: only one of `prompt` and `answer` is given.
            ColumnError: at `explain()` or the sink: a column is missing.
        """
        verb = "resolve_conflicts"
        named = {PROMPT: prompt, "answer": answer}
        columns = {o: None if c is None else option_checks.columns(verb, o, c) for o, c in named.items()}
        return self._push(verb, keep=option_checks.text(verb, "keep", keep), **columns)


def roles(verb: str, on: str | Sequence[str] | None) -> list[str] | None:
    """The roles of messages whose texts a step changes; None for whole columns."""
    if on is None:
        return None
    roles = option_checks.texts(verb, "on", on)
    if not roles:
        raise option_checks.bad_option(f"{verb}: `on` is empty", 'name a role: on="assistant"')
    return roles
