"""Files of leads: uploaded again to the deals, once, and no address of theirs is kept anywhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.bitrix.download import file_name
from connector.errors import BadAnswer
from connector.plans import service as plans
from connector.sandbox.crm import userfields
from connector.switching import filecopy
from connector.switching.runner import SliceResult
from tests.switching.harness import Stage, changes, check_switched
from tests.switching.test_crash import SMALL, Killer, drive_through, killer

__all__ = ["killer"]

BRIEF = "UF_CRM_1690000000016"


def put(portal: Stage, lead: int, name: str = "brief.txt", content: bytes = b"sandbox only") -> int:
    """Store a file on a lead; returns its id."""
    world = portal.world
    file_id = int(world.next_id("file"))
    row = {"ID": file_id, "NAME": name, "SIZE": len(content), "CONTENT": base64.b64encode(content).decode()}
    world.files.insert(row)
    world.leads.change(lead, {BRIEF: file_id})
    return file_id


def everything(portal: Stage) -> str:
    """All that our database holds, as text."""
    found: list[str] = []
    with portal.db.read() as session:
        tables = session.execute(text("select name from sqlite_master where type = 'table'")).scalars().all()
        for table in tables:
            rows = session.execute(text(f'select * from "{table}"')).all()
            found += [json.dumps([str(value) for value in row]) for row in rows]
    return "\n".join(found)


def test_no_address_of_a_file_is_kept(stage: Callable[..., Stage], tmp_path: Path) -> None:
    portal = stage(leads=20)
    for lead in portal.active():
        put(portal, lead)
    plan_id = portal.plan(create="both")
    plans.save_file(portal.db, plan_id, tmp_path / "plan.jsonl")
    portal.drive(portal.start(create="both"))
    (hook,) = portal.world.webhooks.values()
    kept = everything(portal) + (tmp_path / "plan.jsonl").read_text(encoding="utf-8")
    assert hook.code not in kept
    assert "getFile" not in kept


def with_field(portal: Stage, *, multiple: bool = False) -> str:
    """Give deals (and leads, where it is multiple) a file field of the same name; returns that of deals."""
    name = "UF_CRM_1700000000077"
    spec = {"USER_TYPE_ID": "file", "MULTIPLE": multiple, "EDIT_FORM_LABEL": {"en": "Brief"}}
    userfields.create(portal.world, "CRM_DEAL", {**spec, "FIELD_NAME": name})
    if multiple:
        (row,) = (row for row in portal.world.userfields if row["FIELD_NAME"] == BRIEF)
        portal.world.userfields.change(row["ID"], {"MULTIPLE": True})
        for lead in portal.world.leads:
            if lead[BRIEF]:
                portal.world.leads.change(lead["ID"], {BRIEF: (lead[BRIEF],)})
        portal.world.directory_version += 1
    return name


def files_of(portal: Stage, run_id: str, field: str) -> dict[int, list[tuple[str, bytes]]]:
    """Lead → names and contents of the files on its deal."""
    found: dict[int, list[tuple[str, bytes]]] = {}
    for lead in portal.leads(run_id):
        held = portal.world.deals.rows[lead.deal_id][field]
        ids = held if isinstance(held, tuple) else (held,) if held else ()
        rows = [portal.world.files.rows[id_] for id_ in ids]
        found[lead.lead_id] = [(row["NAME"], base64.b64decode(row["CONTENT"])) for row in rows]
    return found


def test_files_are_uploaded_again_and_go_with_the_deal(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=16)
    field = with_field(portal)
    wanted: dict[int, list[tuple[str, bytes]]] = {}
    for number, lead in enumerate(portal.active()):
        content = bytes(range(256)) * number
        put(portal, lead, f"ząb {number}.pdf", content)
        wanted[lead] = [(f"ząb {number}.pdf", content)]
    before = portal.picture()
    run_id = portal.start(create="contact")
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)
    assert {lead.reason for lead in portal.leads(run_id)} == {""}
    assert files_of(portal, run_id, field) == wanted
    kept = everything(portal)
    (hook,) = portal.world.webhooks.values()
    assert hook.code not in kept
    assert base64.b64encode(bytes(range(256)) * 3).decode()[:60] not in kept
    undo_id = portal.undo(run_id)
    assert portal.drive(undo_id) is SliceResult.DONE
    assert {lead.state for lead in portal.leads(undo_id)} == {"undone"}
    assert changes(before, portal.picture()) == {}


def test_a_field_of_several_files_takes_all_of_them(stage: Callable[..., Stage]) -> None:
    portal = stage(leads=8)
    lead = portal.active()[2]
    field = with_field(portal, multiple=True)
    first, second = put(portal, lead, "a.txt", b"a"), put(portal, lead, "b.txt", b"b")
    portal.world.leads.change(lead, {BRIEF: (first, second)})
    run_id = portal.start()
    assert portal.drive(run_id) is SliceResult.WAITING
    assert files_of(portal, run_id, field)[lead] == [("a.txt", b"a"), ("b.txt", b"b")]


def test_what_is_too_large_or_gone_stays_and_is_named(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filecopy, "LARGEST", 1000)
    portal = stage(leads=8)
    lead, other = portal.active()[2:4]
    field = with_field(portal, multiple=True)
    ids = [put(portal, lead, name, content) for name, content in (("a", b"x" * 1001), ("b", b"y" * 1000))]
    gone = put(portal, other, "c", b"z")
    portal.world.leads.change(lead, {BRIEF: tuple(ids)})
    portal.world.leads.change(other, {BRIEF: (gone,)})
    run_id = portal.start()
    portal.world.files.remove(gone)
    assert portal.drive(run_id) is SliceResult.WAITING
    assert files_of(portal, run_id, field)[lead] == [("b", b"y" * 1000)]
    rows = {row.lead_id: row for row in portal.leads(run_id)}
    assert rows[lead].reason == rows[other].reason == "partly"
    (left,) = (rows[lead].detail or {})["left"]
    assert (left["code"], left["text"]) == ("file-left", f"#{ids[0]} (too-large)")


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "error_after"])
def test_a_lost_answer_to_an_upload_makes_no_second_file(stage: Callable[..., Stage], kind: str) -> None:
    portal = stage(leads=8)
    field = with_field(portal)
    for lead in portal.active():
        put(portal, lead)
    before = portal.picture()
    faults = portal.portal.rest.dispatcher.faults
    faults.add(method="crm.item.update", kind=kind, nth=(2, 5))
    faults.add(method="crm.controller.item.getfile", kind="drop_before", nth=(3,))
    run_id = portal.start()
    assert portal.drive(run_id) is SliceResult.WAITING
    check_switched(portal, run_id, before)
    assert all(len(files) == 1 for files in files_of(portal, run_id, field).values())


@pytest.mark.parametrize("places", [(3, 11, 19, 27), (2, 14, 21, 32)])
def test_a_killed_process_copies_every_file_once(
    stage: Callable[..., Stage], killer: Killer, places: Sequence[int]
) -> None:
    portal = stage(leads=10)
    portal.effort = SMALL
    field = with_field(portal)
    for lead in portal.active():
        put(portal, lead)
    before = portal.picture()
    run_id = portal.start()
    assert drive_through(portal, run_id, killer, places) is SliceResult.WAITING
    check_switched(portal, run_id, before)
    assert all(len(files) == 1 for files in files_of(portal, run_id, field).values())


def test_an_address_elsewhere_is_not_asked(stage: Callable[..., Stage]) -> None:
    client = stage(leads=1).client()
    with pytest.raises(BadAnswer) as raised:
        client.download("http://192.0.2.7/rest/crm.controller.item.getFile.json?token=secret-token", limit=10)
    assert "secret-token" not in str(raised.value)


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename*=utf-8''z%C4%85b%201.pdf", "ząb 1.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\x\\\\y.doc"', "y.doc"),
        ("attachment", "file"),
    ],
)
def test_names_of_files_have_no_folder(disposition: str, name: str) -> None:
    assert file_name(disposition) == name
