"""Files of leads: no address of theirs is kept anywhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from connector.plans import service as plans
from tests.switching.harness import Stage

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
