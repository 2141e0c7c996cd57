"""docs/plan.schema.json describes what is written, and its words are those of the model."""

import hashlib
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from connector.planning.model import Do, LeadKind, Severity
from connector.planning.options import Variant
from tests.plan_samples import write_plan

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "docs" / "plan.schema.json").read_text(encoding="utf-8")
)
DEFS = SCHEMA["$defs"]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_line_of_a_plan_fits(tmp_path: Path) -> None:
    path = tmp_path / "plan.jsonl"
    write_plan(path)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    validator = Draft202012Validator(SCHEMA)
    for line in lines:
        validator.validate(line)
    assert [line["record"] for line in lines] == ["plan", "lead", "lead", "lead", "summary"]


def test_the_digest_is_what_the_documentation_says(tmp_path: Path) -> None:
    path = tmp_path / "plan.jsonl"
    write_plan(path)
    *before, last = path.read_bytes().splitlines(keepends=True)
    assert json.loads(last)["digest"] == hashlib.sha256(b"".join(before)).hexdigest()


def test_a_lead_without_its_findings_does_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "plan.jsonl"
    write_plan(path)
    lead = json.loads(path.read_text(encoding="utf-8").splitlines()[1])
    del lead["findings"]
    assert not Draft202012Validator(SCHEMA).is_valid(lead)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (DEFS["action"]["properties"]["do"]["enum"], Do),
        (DEFS["finding"]["properties"]["severity"]["enum"], Severity),
        (DEFS["lead"]["properties"]["kind"]["enum"], LeadKind),
        (DEFS["native"]["properties"]["variant"]["enum"], Variant),
    ],
)
def test_its_words_are_those_of_the_model(place: list[str], words: type) -> None:
    assert sorted(place) == sorted(words)
