"""What stays of a portal when the app leaves, and what old age takes away. Must never keep a token or a person's name behind."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from connector.clock import Clock
from connector.occurrences import disconnected, run_changed
from connector.portals.audit import Did, record
from connector.portals.retention import days_of
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import (
    LIVE_STATES,
    ApiAnswer,
    ApiKey,
    Audit,
    Delivery,
    DeliveryState,
    DownloadTicket,
    Endpoint,
    InboundEvent,
    Journal,
    LoginAttempt,
    ModeWatch,
    Occurrence,
    PipelineChange,
    Plan,
    PlanFinding,
    PlanLead,
    Portal,
    PortalState,
    Preference,
    RestLog,
    Rule,
    Run,
    RunLead,
    RunState,
)

ANSWERS_KEPT = timedelta(hours=24)
"""How long a request with an `Idempotency-Key` is known."""
_SYSTEM = {"user_id": None, "name": "", "via": "bitrix24"}


def uninstall(db: Database, portal_id: int, *, clean: bool, clock: Clock) -> None:
    """The app was removed from the portal. Doing it twice does no harm.

    Credentials, names of people and copies of leads always go. With `clean` ("clear application data") nothing stays;
    without it settings and a journal of ids stay, so that a later re-install can still show what was done.
    """
    now = clock.now()
    with db.begin() as session:
        portal = session.get(Portal, portal_id, with_for_update=True)
        if portal is None:
            return
        if clean:
            _delete_runs(session, Run.portal_id == portal_id)
            session.delete(portal)
            return
        if portal.state == PortalState.UNINSTALLED:
            return
        if portal.state == PortalState.ACTIVE:
            disconnected(session, portal_id, PortalState.UNINSTALLED, now)
        _forget_secrets(portal, now)
        _stop_runs(session, portal_id, now)
        _forget_people_and_leads(session, portal_id)
        record(session, portal_id, at=now, who=_SYSTEM, action=Did.UNINSTALLED)


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows old age took: plans, runs, lines of the REST log, events, tickets, logins that were begun,
    deliveries that are at their end, what happened, answers of the API.
    """

    plans: int = 0
    runs: int = 0
    rest_log: int = 0
    events: int = 0
    tickets: int = 0
    logins: int = 0
    deliveries: int = 0
    occurrences: int = 0
    answers: int = 0


def purge(db: Database, settings: Settings, clock: Clock) -> Purged:
    """Delete what is older than the settings, and those of each portal, allow; live runs and their plans stay."""
    now = clock.now()
    old = now - timedelta(days=settings.retention_days)
    old_log = now - timedelta(days=settings.rest_log_days)
    with db.begin() as session:
        runs, plans = _purge_switches(session, settings, now)
        session.execute(update(Preference).where(Preference.updated_at < old).values(draft=None))
        waiting = select(Delivery.occurrence_id).where(Delivery.occurrence_id.is_not(None))
        return Purged(
            runs=runs,
            plans=plans,
            rest_log=_delete(session, RestLog, RestLog.at < old_log),
            events=_delete(session, InboundEvent, InboundEvent.received_at < old_log),
            tickets=_delete(session, DownloadTicket, DownloadTicket.expires_at < now),
            logins=_delete(session, LoginAttempt, LoginAttempt.expires_at < now),
            deliveries=_delete(
                session, Delivery, Delivery.created_at < old, Delivery.state != DeliveryState.PENDING
            ),
            occurrences=_delete(session, Occurrence, Occurrence.at < old, Occurrence.id.not_in(waiting)),
            answers=_delete(session, ApiAnswer, ApiAnswer.begun_at < now - ANSWERS_KEPT),
        )


def _purge_switches(session: Session, settings: Settings, now: datetime) -> tuple[int, int]:
    """Runs and plans that are too old for their portal; how many of each."""
    runs = plans = 0
    in_use = select(Run.plan_id)
    for portal in session.scalars(select(Portal)).all():
        old = now - timedelta(days=days_of(portal, settings))
        runs += _delete_runs(
            session, Run.portal_id == portal.id, Run.created_at < old, Run.state.not_in(LIVE_STATES)
        )
        plans += _delete(
            session, Plan, Plan.portal_id == portal.id, Plan.created_at < old, Plan.id.not_in(in_use)
        )
    return runs, plans


def _forget_secrets(portal: Portal, now: datetime) -> None:
    portal.credential = None
    portal.credential_version += 1
    portal.application_token_hash = None
    portal.lease_until = portal.lease_holder = None
    portal.owner_id, portal.owner_name, portal.owner_is_admin = None, "", False
    portal.named_users = []
    portal.state, portal.state_reason = PortalState.UNINSTALLED, ""
    portal.uninstalled_at = portal.updated_at = now


def _stop_runs(session: Session, portal_id: int, now: datetime) -> None:
    for run in session.scalars(select(Run).where(Run.portal_id == portal_id, Run.state.in_(LIVE_STATES))):
        run.state, run.error, run.finished_at = RunState.FAILED, "uninstalled", now
        run.lease_holder = run.lease_until = None
        run_changed(session, run, now)


def _forget_people_and_leads(session: Session, portal_id: int) -> None:
    plans = select(Plan.id).where(Plan.portal_id == portal_id)
    runs = select(Run.id).where(Run.portal_id == portal_id)
    for table in (PlanLead, PlanFinding):
        session.execute(delete(table).where(table.plan_id.in_(plans)))
    nobody: dict[str, Any] = {"user_id": None, "name": "", "via": ""}
    session.execute(
        update(Plan)
        .where(Plan.portal_id == portal_id)
        .values(facts={}, options={}, decisions=None, state="expired", created_by=nobody)
    )
    session.execute(update(Run).where(Run.portal_id == portal_id).values(report=None, created_by=nobody))
    session.execute(update(RunLead).where(RunLead.run_id.in_(runs)).values(detail=None))
    session.execute(
        update(Journal)
        .where(Journal.run_id.in_(runs))
        .values(params=None, result=None, previous=None, marker=None)
    )
    session.execute(update(Audit).where(Audit.portal_id == portal_id).values(who=nobody, detail={}))
    session.execute(update(Occurrence).where(Occurrence.portal_id == portal_id).values(people=None))
    for made in (Endpoint, Rule):
        session.execute(update(made).where(made.portal_id == portal_id).values(created_by=nobody))
    session.execute(
        delete(Delivery).where(Delivery.portal_id == portal_id, Delivery.id.not_in(_on_their_way(portal_id)))
    )
    for owned in (
        RestLog,
        InboundEvent,
        DownloadTicket,
        LoginAttempt,
        PipelineChange,
        ModeWatch,
        ApiKey,
        Preference,
    ):
        session.execute(delete(owned).where(owned.portal_id == portal_id))


def _on_their_way(portal_id: int) -> Any:
    """Webhooks that still have to arrive and tell nothing of people or leads."""
    return (
        select(Delivery.id)
        .join(Endpoint, Endpoint.id == Delivery.endpoint_id)
        .where(
            Delivery.portal_id == portal_id,
            Delivery.state == DeliveryState.PENDING,
            Endpoint.personal_data.is_(False),
        )
    )


def _delete_runs(session: Session, *which: Any) -> int:
    # An undo points at its run: those first.
    undos = _delete(session, Run, *which, Run.undo_of.is_not(None))
    pointed_at = select(Run.undo_of).where(Run.undo_of.is_not(None))
    return undos + _delete(session, Run, *which, Run.id.not_in(pointed_at))


def _delete(session: Session, table: Any, *which: Any) -> int:
    result = session.execute(delete(table).where(*which).execution_options(synchronize_session=False))
    return int(getattr(result, "rowcount", 0))
