"""docs/events.schema.json is what the code sends: made from the same classes, and true of a real body."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from connector.occurrences import Kind
from webhooks.outbound import payload
from webhooks.rules.samples import AT, sample

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "docs" / "events.schema.json").read_text(encoding="utf-8")
)


def test_the_file_is_what_the_classes_say() -> None:
    assert payload.schema() == SCHEMA


@pytest.mark.parametrize("kind", list(Kind))
def test_every_event_fits_the_schema(kind: Kind) -> None:
    data = sample(kind).model_dump(mode="json", by_alias=True)
    body = json.loads(payload.body(kind.value, AT, {"key": "k", "host": "h"}, data, None))
    jsonschema.validate(body, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**body, "type": "no.such.event"}, SCHEMA)
