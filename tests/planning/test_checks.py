"""Options that do not fit a portal are refused with what exists there; options that contradict themselves are no options at all."""

from typing import Any

import pytest
from pydantic import ValidationError

from connector.planning.catalogue import advice, render
from connector.planning.checks import check_options
from connector.planning.model import Known, Severity
from connector.planning.options import OPTIONS, Options
from tests.planning.portal import FACTS, facts


def codes(**options: Any) -> list[str]:
    return [f.code for f in check_options(Options(**options), FACTS)]


def test_the_defaults_fit_every_portal() -> None:
    assert check_options(Options(), FACTS) == ()


@pytest.mark.parametrize(
    ("options", "code", "names"),
    [
        ({"pipeline": 99}, "unknown-pipeline", "4 (Serwis)"),
        ({"stages": {"GONE": "NEW"}}, "unknown-lead-stage", "IN_PROCESS (W toku)"),
        ({"stages": {"JUNK": "NEW"}}, "unknown-lead-stage", "JUNK"),
        ({"stages": {"NEW": "C4:NEW"}}, "unknown-deal-stage", "PREPARATION (Dokumenty)"),
        ({"stages": {"NEW": "NEW"}, "pipeline": "new"}, "stages-with-new", "NEW"),
        (
            {"fields": {"deal": {"UF_CRM_101": "UF_CRM_999"}}},
            "unknown-field",
            "UF_CRM_201 (uwagi  HANDLOWCA)",
        ),
        ({"fields": {"contact": {"UF_CRM_999": "UF_CRM_301"}}}, "unknown-field", "UF_CRM_999"),
        ({"fields": {"deal": {"UF_CRM_105": "UF_CRM_207"}}}, "field-types-differ", "yes or no"),
        (
            {"fields": {"deal": {"UF_CRM_101": "UF_CRM_201", "UF_CRM_108": "UF_CRM_201"}}},
            "field-twice",
            "UF_CRM_108",
        ),
        ({"leads": {"stages": ["WON"]}}, "unknown-lead-stage", "WON"),
        ({"leads": {"sources": ["NOWHERE"]}}, "unknown-source", "WEB (Strona)"),
        ({"responsible": 9}, "unknown-person", "9"),
        ({"responsible": 12345}, "unknown-person", "12345"),
        ({"created_field": "UF_CRM_205"}, "created-field-type", "yes or no"),
        ({"created_field": "UF_CRM_1"}, "unknown-field", "UF_CRM_299 (Data leada)"),
        ({"leftovers": "leave"}, "leave-needs-setter", ""),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(
    options: dict[str, Any], code: str, names: str
) -> None:
    (said,) = check_options(Options(**options), FACTS)
    assert said.code == code
    assert said.severity is Severity.ERROR
    assert names in f"{render(said)} {advice(said)}"


def test_quiet_needs_the_import_methods_and_somebody_who_may_use_them() -> None:
    quiet = Options(automation="quiet")
    assert check_options(quiet, facts(imports=Known.YES)) == check_options(quiet, FACTS) == ()
    for portal, code in (
        (facts(imports=Known.NO), "import-missing"),
        (facts(imports=Known.YES, i_am_admin=False), "import-right"),
    ):
        (said,) = check_options(quiet, portal)
        assert (said.code, said.severity) == (code, Severity.ERROR)
        assert "automation=run" in advice(said)
        assert check_options(Options(), portal) == ()


def test_a_final_stage_is_a_warning() -> None:
    (said,) = check_options(Options(stages={"NEW": "WON"}), FACTS)
    assert (said.code, said.severity) == ("final-deal-stage", Severity.WARNING)


def test_classic_is_refused_only_when_it_is_certain() -> None:
    for known, expected in ((Known.NO, ["classic-none"]), (Known.UNKNOWN, []), (Known.YES, [])):
        found = check_options(Options(to="classic"), facts(classic_available=known))
        assert [f.code for f in found] == expected


@pytest.mark.parametrize(
    "options",
    [
        {"create": "nothing"},
        {"pipeline": -1},
        {"pipeline": "old"},
        {"pipeline_name": "x"},
        {"leads": {"created_from": "2026-02-01", "created_to": "2026-01-01"}},
        {"leads": {"ids": "one"}},
        {"contact_name": ""},
        {"surprise": 1},
        {"responsible": 0},
        {"stages": ["NEW"]},
        {"to": "modern"},
    ],
)
def test_contradictions_are_no_options(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Options(**options)


def test_the_table_names_every_option_once() -> None:
    assert [o.name for o in OPTIONS] == list(dict.fromkeys(o.name for o in OPTIONS))
    assert {o.name for o in OPTIONS} == set(Options.model_fields)
    for option in OPTIONS:
        assert option.help
        assert not option.values or option.form or option.default in option.values


def test_options_survive_json() -> None:
    options = Options(create="both", pipeline="new", pipeline_name="Leady", leads={"ids": "3, 5"}, stages={})
    assert Options.model_validate_json(options.model_dump_json()) == options
