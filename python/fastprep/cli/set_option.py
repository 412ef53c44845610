"""`--set STEP.OPTION=VALUE`: sets options of a plan file from the command line."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from fastprep import option_checks as checks
from fastprep.cli import plan_file_verbs as verbs
from fastprep.exceptions import PlanError

if TYPE_CHECKING:
    from fastprep.cli.plan_file_tables import PlanFile, Table

FORM = "write STEP.OPTION=VALUE, such as tokenize.max_length=1024"


@dataclass(frozen=True)
class Setting:
    """A value for one option in one table of a plan file."""

    flag: str
    """The flag, such as `--set head.n=5`, for errors."""
    table: str
    option: str
    value: Any

    @staticmethod
    def parse(text: str) -> Setting:
        """Parse `STEP.OPTION=VALUE`. The value is read as TOML if possible, else as text."""
        name, equals, value = text.partition("=")
        table, dot, option = name.strip().partition(".")
        if not (equals and dot and table and option):
            raise refused(f"{text!r} is not a setting: {FORM}")
        return Setting(f"--set {text}", table, option, _value(text, value))

    def apply(self, plan: PlanFile) -> None:
        """Replace or add the option."""
        table = self._table(plan)
        try:
            verbs.check_option(table.verb, self.option)
        except PlanError as e:
            what = str(e).split("\n  ")[0]
            raise refused(f"{table.where}: {what}{' ' if what.endswith('?') else '; '}{e.help}") from e
        if table is plan.source and self.option in verbs.SCANS:
            # It replaces the input in the file.
            table.options = {name: value for name, value in table.options.items() if name not in verbs.SCANS}
        table.options[self.option] = self.value
        table.where += f" with {self.flag}"

    def _table(self, plan: PlanFile) -> Table:
        if self.table in ("source", "sink"):
            return plan.source if self.table == "source" else plan.sink
        numbered = {str(number): step for number, step in enumerate(plan.steps, 1)}
        if self.table in numbered:
            return numbered[self.table]
        named = [number for number, step in numbered.items() if step.verb == self.table]
        if len(named) == 1:
            return numbered[named[0]]
        if named:
            raise refused(
                f"the plan has {len(named)} steps `{self.table}`: choose one by its number, "
                + " or ".join(f"{number}.{self.option}" for number in named)
            )
        hint = checks.did_you_mean(self.table, [*(step.verb for step in plan.steps), "source", "sink"])
        names = ", ".join(["source", *(f"{number} {step.verb}" for number, step in numbered.items()), "sink"])
        raise refused(f"the plan has no step `{self.table}`; it has {names}{hint}")


def refused(what: str, hint: str = "--set") -> typer.BadParameter:
    """The usage error for a setting."""
    return typer.BadParameter(what, param_hint=hint)


def _value(text: str, value: str) -> Any:
    try:
        read = tomllib.loads(f"value = {value}")
        if list(read) == ["value"]:
            return read["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        pass
    if "\\" in value:
        # Taken as text, `\n` would silently be a backslash and an n.
        raise refused(
            f"{text!r} has a backslash: write the value as a TOML string, in double quotes for escapes such as "
            r"""'format.stop="\n###\n"', in single quotes for a backslash"""
        )
    return value
