"""Who may do what, and the record of it."""

import pytest

from connector.clock import FakeClock
from connector.errors import NotAllowed
from connector.portals import audit
from connector.portals.rights import (
    LEAST_ROLE,
    Action,
    Viewer,
    may,
    name_user,
    named_users,
    require,
    unname_user,
    viewer,
)
from connector.store.database import Database

ADMIN = Viewer(1, "Ada", is_admin=True)
NAMED = Viewer(5, "Bo", is_admin=False, named=True)
OTHER = Viewer(9, "Cy", is_admin=False)


def test_every_action_has_a_rule() -> None:
    assert set(LEAST_ROLE) == set(Action)
    assert all(may(ADMIN, action) for action in Action)


@pytest.mark.parametrize("action", [a for a in Action if a is not Action.EXPLAIN])
def test_other_employees_only_get_the_explanation(action: Action) -> None:
    assert may(OTHER, Action.EXPLAIN)
    assert not may(OTHER, action)
    with pytest.raises(NotAllowed):
        require(OTHER, action)


@pytest.mark.parametrize("action", [Action.NAME_PEOPLE, Action.READ_AUDIT, Action.SETTINGS])
def test_named_employees_switch_but_do_not_administrate(action: Action) -> None:
    assert may(NAMED, Action.APPLY)
    assert not may(NAMED, action)


def test_naming_somebody_works_at_once_and_can_be_taken_back(
    database: Database, portal_id: int, clock: FakeClock
) -> None:
    name_user(database, portal_id, ADMIN, user_id=9, name="Cy", clock=clock)
    name_user(database, portal_id, ADMIN, user_id=9, name="Cy", clock=clock)
    cy = viewer(database, portal_id, user_id=9, name="Cy", is_admin=False)
    assert may(cy, Action.APPLY)
    assert [person.id for person in named_users(database, portal_id)] == [5, 9]
    unname_user(database, portal_id, ADMIN, user_id=9, clock=clock)
    cy = viewer(database, portal_id, user_id=9, name="Cy", is_admin=False)
    assert not may(cy, Action.APPLY)
    log = audit.entries(database, portal_id)
    assert [(line.action, line.detail) for line in log] == [
        ("people.unnamed", {"user_id": 9, "name": "Cy"}),
        ("people.named", {"user_id": 9, "name": "Cy"}),
    ]


def test_a_named_employee_cannot_name_others(database: Database, portal_id: int, clock: FakeClock) -> None:
    with pytest.raises(NotAllowed):
        name_user(database, portal_id, NAMED, user_id=9, name="Cy", clock=clock)
    with pytest.raises(NotAllowed):
        unname_user(database, portal_id, NAMED, user_id=5, clock=clock)
    assert [person.id for person in named_users(database, portal_id)] == [5]


def test_audit_log_is_paged_newest_first_and_masked(
    database: Database, portal_id: int, clock: FakeClock
) -> None:
    for number in range(7):
        with database.begin() as session:
            detail = {"n": number, "access_token": "very-secret"}
            audit.record(
                session,
                portal_id,
                at=clock.now(),
                who=ADMIN.actor("web"),
                action=audit.Did.PLANNED,
                detail=detail,
            )
    page = audit.entries(database, portal_id, limit=3)
    rest = audit.entries(database, portal_id, before=page[-1].id)
    assert [line.detail["n"] for line in [*page, *rest]] == [6, 5, 4, 3, 2, 1, 0]
    assert [line.id for line in audit.all_entries(database, portal_id)] == [
        line.id for line in [*page, *rest]
    ]
    assert "very-secret" not in str(page)
    assert audit.entries(database, portal_id + 1) == []
