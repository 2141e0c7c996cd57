"""The audit log: everything that people do stands in it, administrators read, narrow, page and export it, nobody else does."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from connector import i18n
from connector.portals import audit
from connector.portals.audit import Did, Entry
from connector.reports.auditlog import DID, particulars, what
from connector.store.models import Audit
from tests.web.browsing import Person
from tests.web.conftest import Stage
from tests.web.test_people import named
from tests.web.test_wizard import converted, planned


def log_of(person: Person) -> Person:
    """The person opens the log."""
    return person.press("to-settings").press("tab-audit")


def lines(person: Person) -> list[list[str]]:
    """The table as texts: when, who, what."""
    table = person.page.all(data_testid="log")
    return [[cell.text for cell in row.all("td")] for row in table[0].all("tr")[1:]] if table else []


def test_everything_that_is_recorded_has_words() -> None:
    assert set(DID) == set(Did)
    with i18n.speaking("pl"):
        assert len({what(Entry(1, None, {}, did, {})) for did in Did}) == len(Did)  # type: ignore[arg-type]


def test_what_people_do_stands_in_the_log(stage: Callable[..., Stage]) -> None:
    here = stage(leads=6)
    admin = here.install()
    named(here, admin)
    person = here.open(here.employee)
    planned(here, person)
    person.press("download-csv")
    person.post("/app", {"session": admin.token})
    here.open(here.employee)
    admin = here.open(here.admin)
    found = [(line[1], line[2]) for line in lines(log_of(admin))]
    assert [text.split(" · ")[0].split(" plan ")[0] for _, text in found][:3] == [
        "Downloaded a file",
        "Started a dry run",
        "Opened the app",
    ]
    assert [who for who, _ in found[:3]] == [f"{here.employee.name} {here.employee.last_name} app"] * 3
    assert sum("Opened the app" in text for _, text in found) == 2
    assert any(f"“{here.employee.name} {here.employee.last_name}”" in text for _, text in found)


def test_the_log_is_narrowed_and_paged(stage: Callable[..., Stage]) -> None:
    here = stage(leads=4)
    admin = here.install()
    portal = admin_portal(here)
    for number in range(70):
        with here.db.begin() as session:
            who = {"user_id": 40 + number % 2, "name": f"Person {number % 2}", "via": "web"}
            audit.record(
                session,
                portal,
                at=here.clock.now(),
                who=who,
                action=Did.PAUSED,
                detail={"run": f"{number:032}"},
            )
    log_of(admin)
    first = lines(admin)
    assert len(first) == 30
    admin.press("log-older")
    second = lines(admin)
    admin.press("log-older")
    with here.db.read() as session:
        everything = session.scalar(select(func.count()).select_from(Audit)) or 0
    assert len(lines(admin)) == everything - 60
    assert not admin.has("log-older")
    admin.press("log-newer")
    assert lines(admin) == second
    admin.press("log-newer")
    assert lines(admin) == first
    admin.press("log-show", action=Did.PAUSED.value, person="41")
    assert {line[1] for line in lines(admin)} == {"Person 1 app"}
    admin.press("log-older")
    assert len(lines(admin)) == 5
    admin.press("log-show", action="", person="", since="2001-01-01", until="2001-01-02")
    assert "Nothing like that" in admin.page.text
    admin.press("log-show", action="'; drop", person="9" * 30, since="yesterday", until="0000-99-99")
    assert admin.status == 200
    assert len(lines(admin)) == 30


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_the_log_is_taken_home_as_it_is_narrowed(stage: Callable[..., Stage], form: str) -> None:
    here = stage(leads=4)
    admin = here.install()
    planned(here, admin)
    log_of(admin).press("log-show", action=Did.PLANNED.value).press(f"download-{form}")
    assert admin.status == 303
    assert admin.answer is not None
    link = admin.answer.headers["Location"]
    got = admin.client.get(link)
    assert got.status_code == 200
    assert admin.client.get(link).status_code == 403
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(got.get_data().decode("utf-8-sig"))))
        assert [row["action"] for row in rows] == [Did.PLANNED.value]
    if form == "json":
        assert [one["action"] for one in json.loads(got.data)["entries"]] == [Did.PLANNED.value]


def test_nobody_else_reads_or_exports_it(stage: Callable[..., Stage]) -> None:
    here = stage(leads=4)
    named(here, here.install())
    person = here.open(here.employee)
    token = person.token
    for path in ("/app/audit", "/app/downloads/audit/log/csv"):
        assert person.post(path, {"session": token}).status == 403


def test_a_whole_switch_leaves_its_lines(stage: Callable[..., Stage]) -> None:
    here = stage(leads=4)
    admin = here.install()
    planned(here, admin)
    converted(here, admin)
    admin.press("run-cancel")
    texts = [line[2] for line in lines(log_of(admin))]
    for text, start in zip(texts, ("Cancelled a run", "Started a switch", "Started a dry run"), strict=False):
        assert text.startswith(start)
    assert "lead" in texts[1]


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({}, ""),
        ({"run": "a" * 32, "plan": "b" * 32, "leads": 1}, "plan bbbbbbbb · run aaaaaaaa · 1 lead"),
        ({"from": "classic", "to": "simple"}, "from Classic CRM · to Simple CRM"),
        ({"something": "unknown"}, ""),
    ],
)
def test_particulars_are_told_in_words(detail: dict[str, object], said: str) -> None:
    assert particulars(Entry(1, None, {}, Did.APPLIED, detail)) == said  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("pl", "z: Klasyczny CRM · na: Prosty CRM"),
        ("de", "von: Klassisches CRM · zu: Basis-CRM"),
        ("ru", "с «Классическая CRM» · на «Простая CRM»"),
        ("uk", "з «Класична CRM» · на «Проста CRM»"),
        ("es", "de CRM Clásico · a CRM Simple"),
        ("fr", "de CRM classique · à CRM simple"),
        ("pt_BR", "de CRM Clássico · para CRM Simples"),
    ],
)
def test_from_and_to_mean_a_mode_and_no_day(language: str, said: str) -> None:
    entry = Entry(1, None, {}, Did.MODE_CHANGED, {"from": "classic", "to": "simple"})  # type: ignore[arg-type]
    with i18n.speaking(language):
        assert particulars(entry) == said


def admin_portal(here: Stage) -> int:
    """The id of the only portal."""
    from connector.portals import all_portals

    return all_portals(here.db)[0].id
