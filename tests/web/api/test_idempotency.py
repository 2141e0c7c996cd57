"""A request with an `Idempotency-Key` is done once, whoever sends it again, and whatever happens in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from connector.portals.removal import purge
from connector.store.models import ApiAnswer, Plan
from connector.web.api import plans
from tests.web.api.conftest import Api


def plan_count(script: Api) -> int:
    """How many plans there are."""
    with script.here.db.read() as session:
        return len(session.scalars(select(Plan.id)).all())


def test_the_same_request_gets_the_same_answer_and_is_done_once(api: Callable[..., Api]) -> None:
    script = api(leads=3)
    first = script.post("/plans", {"create": "company", "pipeline": 0}, Idempotency_Key="a")
    script.here.worker.work()
    again = script.post("/plans", {"pipeline": 0, "create": "company"}, Idempotency_Key="a")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.data == again.data
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert plan_count(script) == 1
    assert script.post("/plans", {"create": "company"}, Idempotency_Key="b").status_code == 202
    assert plan_count(script) == 2


def test_a_key_of_another_request_is_refused(api: Callable[..., Api]) -> None:
    script = api(leads=3)
    script.post("/plans", {}, Idempotency_Key="a")
    for path, body in (("/plans", {"create": "both"}), ("/mode", {})):
        answer = script.post(path, body, Idempotency_Key="a")
        assert (answer.status_code, answer.json["key"]) == (422, "api.idempotency.reused")  # type: ignore[index]
    assert plan_count(script) == 1


def test_keys_of_two_api_keys_do_not_meet(api: Callable[..., Api]) -> None:
    script = api(leads=3)
    other = Api(script.here, script.portal_id)
    assert script.post("/plans", {}, Idempotency_Key="a").status_code == 202
    assert other.post("/plans", {"create": "both"}, Idempotency_Key="a").status_code == 202


def test_what_was_refused_may_be_asked_for_again_with_the_same_key(api: Callable[..., Api]) -> None:
    script = api(leads=3)
    assert script.post("/plans", {"pipeline": 777}, Idempotency_Key="a").status_code == 409
    assert script.post("/plans", {"nonsense": 1}, Idempotency_Key="a").status_code == 422
    assert script.post("/plans", {}, Idempotency_Key="a").status_code == 202
    assert plan_count(script) == 1


def test_many_at_once_do_it_once(api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    script = api(leads=3)
    script.get("/mode")
    inside, go_on, create = threading.Event(), threading.Event(), plans.service.create

    def slow(*args: object, **kwargs: object) -> str:
        inside.set()
        go_on.wait(30)
        return create(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(plans.service, "create", slow)
    answers: list[tuple[int, str]] = []

    def ask() -> None:
        client = script.here.app.test_client()
        headers = {"Authorization": f"Bearer {script.key}", "Idempotency-Key": "a"}
        answer = client.post("/api/v1/plans", json={}, headers=headers)
        answers.append((answer.status_code, str(answer.json["id" if answer.status_code == 202 else "key"])))  # type: ignore[index]

    first = threading.Thread(target=ask)
    first.start()
    assert inside.wait(30)
    rest = [threading.Thread(target=ask) for _ in range(6)]
    for one in rest:
        one.start()
    for one in rest:
        one.join()
    assert answers == [(409, "api.idempotency.busy")] * 6
    go_on.set()
    first.join()
    assert answers[-1][0] == 202
    assert script.post("/plans", {}, Idempotency_Key="a").json["id"] == answers[-1][1]  # type: ignore[index]
    assert plan_count(script) == 1


def test_an_interrupted_request_is_never_done_again(
    api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = api(leads=3)
    create = plans.service.create

    def killed(*args: object, **kwargs: object) -> str:
        create(*args, **kwargs)  # type: ignore[arg-type]
        raise RuntimeError("the process ended here")

    monkeypatch.setattr(plans.service, "create", killed)
    bug = script.post("/plans", {}, Idempotency_Key="a")
    assert (bug.status_code, bug.json["key"]) == (500, "api.bug")  # type: ignore[index]
    assert "the process ended" not in bug.text
    monkeypatch.setattr(plans.service, "create", create)
    busy = script.post("/plans", {}, Idempotency_Key="a")
    assert (busy.status_code, busy.headers["Retry-After"]) == (409, "1")
    script.here.clock.sleep(301)
    open_ = script.post("/plans", {}, Idempotency_Key="a")
    assert (open_.status_code, open_.json["key"]) == (409, "api.idempotency.open")  # type: ignore[index]
    assert plan_count(script) == 1


def test_kept_answers_are_encrypted_and_go_after_a_day(api: Callable[..., Api]) -> None:
    script = api(leads=3)
    plan = script.post("/plans", {}, Idempotency_Key="a").json["id"]  # type: ignore[index]
    with script.here.db.read() as session:
        assert plan not in str(session.execute(text("SELECT * FROM api_answer")).all())
    script.here.clock.sleep(timedelta(hours=24).total_seconds() + 1)
    assert purge(script.here.db, script.here.settings, script.here.clock).answers == 1
    with script.here.db.read() as session:
        assert session.scalars(select(ApiAnswer)).all() == []


@pytest.mark.parametrize("key", ["", "x" * 256, "with blank", "\u00e9"])
def test_an_unusable_key_is_refused_before_anything_is_done(api: Callable[..., Api], key: str) -> None:
    script = api(leads=1)
    assert script.post("/plans", {}, Idempotency_Key=key).status_code == 422
    assert plan_count(script) == 0
