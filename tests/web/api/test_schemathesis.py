"""schemathesis on the WSGI app, every check and every phase: what the document says is what the API does."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.transport.wsgi import WSGITransport

from connector.clock import SystemClock
from connector.web.api.openapi import TAGS, document
from tests.web.api.conftest import Api
from tests.web.api.things import things

ACCEPTED = ("2xx", "3xx", "401", "403", "404", "409", "429", "5xx")
EXAMPLES = 8
"""Of each kind for each operation; with the ones that schemathesis works out by itself that is some hundred requests for each."""


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("tag", TAGS)
def test_the_api_does_what_its_document_says(
    api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch, tag: str
) -> None:
    monkeypatch.setenv("LEADSWITCH_API_REQUESTS_PER_MINUTE", "100000")
    script = api(leads=6)
    known = things(script)
    # The jobs have taken from the portal's budget by the real clock; by the app's they would have done so in the future.
    script.here.clock.sleep((SystemClock().now() - script.here.clock.now()).total_seconds())
    with script.here.app.app_context():
        described = _with_examples(document(), known)
    config = SchemathesisConfig.from_dict(
        {
            "headers": {"Authorization": f"Bearer {script.key}"},
            # 412 is what `If-Match` is for.
            "checks": {"enabled": True, "positive_data_acceptance": {"expected-statuses": [*ACCEPTED, 412]}},
            "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none"},
            "phases": {
                "stateful": {"enabled": True},
                "fuzzing": {"enabled": True},
                "coverage": {"enabled": True},
            },
        }
    )
    schema = schemathesis.openapi.from_dict(described, config=config).include(tag=tag)
    schema.app = script.here.app
    wrong, seen = [], 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            seen += sum(len(one) for one in event.recorder.checks.values())
            wrong += list(_failures(event))
        if isinstance(event, events.NonFatalError | events.FatalError):
            wrong.append(
                f"{type(event).__name__}: {getattr(event, 'value', None) or getattr(event, 'exception', '')}"
            )
    assert not wrong, "\n\n".join(dict.fromkeys(wrong))
    assert seen > 100


@pytest.fixture(autouse=True)
def _only_what_wsgi_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """schemathesis 4.32 hands settings of sockets to its WSGI transport, which then fails on them.

    It also uses one Idempotency-Key for many requests, which is refused by design; here each that fits is one of its own.
    """
    send = WSGITransport.send

    def sent(self: WSGITransport, case: Any, **kwargs: Any) -> Any:
        given = str((case.headers or {}).get("Idempotency-Key", ""))
        if re.fullmatch(r"[!-~]{1,255}", given):
            case.headers["Idempotency-Key"] = given[:200] + uuid.uuid4().hex
        for name in ("max_redirects", "verify", "cert", "proxies"):
            kwargs.pop(name, None)
        return send(self, case, **kwargs)

    monkeypatch.setattr(WSGITransport, "send", sent)


def _failures(event: events.ScenarioFinished) -> Iterator[str]:
    for id_, checks in event.recorder.checks.items():
        for one in checks:
            if one.failure_info is not None:
                case = event.recorder.cases[id_].value
                failure = one.failure_info.failure
                yield f"{one.name}: {case.method} {case.formatted_path}: {failure.title}: {failure.message}\n{one.failure_info.code_sample}"


def _with_examples(described: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """The same document, with things that exist as examples of path values."""
    for methods in described["paths"].values():
        for one in methods.values():
            for value in one["parameters"]:
                if value.get("in") == "path" and value["name"] in known:
                    value["example"] = known[value["name"]]
    return described
