"""The command line of `plan` says exactly what the table of options says."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from connector.cli.plan_options import SCOPE, WrongOptions, gather, planning_options
from connector.planning.model import CrmMode
from connector.planning.options import OPTIONS, Options, Selection


def parsed(*arguments: str) -> Options:
    """The options that `plan` would use for this command line."""
    caught: list[Options] = []

    @click.command()
    @planning_options
    def command(options_file: Path | None, **values: Any) -> None:
        caught.append(gather(options_file, values))

    result = CliRunner().invoke(command, list(arguments), standalone_mode=False)
    if result.exception:
        raise result.exception
    return caught[0]


def test_without_options_the_defaults_hold() -> None:
    assert parsed() == Options()


@pytest.mark.parametrize(
    "row", [row for row in OPTIONS if row.values and not row.form], ids=lambda row: row.name
)
def test_every_word_of_the_table_is_accepted(row: Any) -> None:
    for value in row.values:
        options = parsed("--" + row.name.replace("_", "-"), str(value))
        assert getattr(options, row.name) == value


def test_a_word_that_is_not_in_the_table_is_a_usage_error() -> None:
    with pytest.raises(click.UsageError, match="'contact', 'company', 'both'"):
        parsed("--create", "person")


def test_every_part_of_the_selection_has_its_flag() -> None:
    assert set(SCOPE) == set(Selection.model_fields)


def test_maps_lists_and_numbers_arrive_as_such() -> None:
    options = parsed(
        "--to", "simple", "--pipeline", "4", "--stages", "NEW=C4:NEW", "--stages", "IN_PROCESS=C4:PREPARATION",
        "--fields", "deal.UF_CRM_A=UF_CRM_B", "--fields", "contact.UF_CRM_A=", "--leads", "3, 5",
        "--created-from", "2026-01-02", "--responsible", "7",
    )  # fmt: skip
    assert options.to is CrmMode.SIMPLE
    assert options.pipeline == 4
    assert options.stages == {"NEW": "C4:NEW", "IN_PROCESS": "C4:PREPARATION"}
    assert options.fields.deal == {"UF_CRM_A": "UF_CRM_B"}
    assert options.fields.contact == {"UF_CRM_A": ""}
    assert options.leads.ids == (3, 5)
    assert str(options.leads.created_from) == "2026-01-02"
    assert options.responsible == 7


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "options.json"
    file.write_text(json.dumps({"create": "both", "pipeline": 2, "stages": {"NEW": "C2:NEW"}}))
    options = parsed("--options", str(file), "--create", "company", "--stages", "PROCESSED=C2:WON")
    assert options.create == "company"
    assert options.pipeline == 2
    assert options.stages == {"NEW": "C2:NEW", "PROCESSED": "C2:WON"}


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (["--pipeline", "abc"], "pipeline"),
        (["--pipeline-name", "Leads"], "pipeline_name"),
        (["--stages", "NEW"], "LEAD_STAGE=DEAL_STAGE"),
        (["--fields", "UF_CRM_A=UF_CRM_B"], "ENTITY.FROM=TO"),
        (["--leads", "one"], "leads.ids"),
        (["--created-from", "2026-02-01", "--created-to", "2026-01-01"], "created_from"),
        (["--created-from", "yesterday"], "leads.created_from"),
    ],
)
def test_what_cannot_be_used_is_named(arguments: list[str], place: str) -> None:
    with pytest.raises(WrongOptions) as caught:
        parsed(*arguments)
    assert place in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1]", "{"])
def test_an_options_file_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "options.json"
    file.write_text(text)
    with pytest.raises(WrongOptions, match=r"options\.json"):
        parsed("--options", str(file))
