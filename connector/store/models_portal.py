"""Tables of a portal: who it is, its credential, its request budget, and what was done there. Must never hold a secret in clear."""

import secrets
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.store.base import Base, EncryptedJson, JsonList, JsonMap


class PortalKind(StrEnum):
    """How we reach a portal."""

    OAUTH = "oauth"
    WEBHOOK = "webhook"


class PortalState(StrEnum):
    """Whether the stored credential can be used, and if not, why: `active` or the `state` of a `DeadCredential` error."""

    ACTIVE = "active"
    GRANT_REVOKED = "grant_revoked"
    PAYMENT_REQUIRED = "payment_required"
    PORTAL_GONE = "portal_gone"
    UNINSTALLED = "uninstalled"


def _new_id() -> int:
    """Never used before. SQLite would number the next portal like one that was deleted, and whatever still names that one, a bearer in
    an open page or a job under way, would be let into the other.
    """
    return secrets.randbelow(2**31 - 1) + 1


class Portal(Base):
    """One Bitrix24 account. `key` is `member_id` where known, else the normalised host.

    `credential` by `kind`: webhook `{"url"}`; oauth the token as `connector.portals.tokens` writes it.
    `credential_version` grows by one with every stored credential; `lease_*` name who renews it just now.
    `named_users` are `{"id", "name", "by", "at"}`; `plan` is LICENSE of `app.info`.
    """

    __tablename__ = "portal"

    id: Mapped[int] = mapped_column(primary_key=True, default=_new_id)
    key: Mapped[str] = mapped_column(unique=True)
    host: Mapped[str] = mapped_column(index=True)
    member_id: Mapped[str | None]
    client_endpoint: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]
    credential: Mapped[JsonMap | None] = mapped_column(EncryptedJson)
    credential_version: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    lease_holder: Mapped[str | None]
    state: Mapped[str] = mapped_column(default=PortalState.ACTIVE)
    state_reason: Mapped[str] = mapped_column(default="")
    application_token_hash: Mapped[str | None]
    owner_id: Mapped[int | None]
    owner_name: Mapped[str] = mapped_column(default="")
    owner_is_admin: Mapped[bool] = mapped_column(default=False, server_default=false())
    plan: Mapped[str] = mapped_column(default="")
    scopes: Mapped[JsonList] = mapped_column(default=list)
    language: Mapped[str] = mapped_column(default="")
    mode: Mapped[str | None]
    mode_seen_at: Mapped[datetime | None]
    named_users: Mapped[JsonList] = mapped_column(default=list)
    settings: Mapped[JsonMap] = mapped_column(default=dict)
    app_version: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    uninstalled_at: Mapped[datetime | None]


class Budget(Base):
    """State of the leaky bucket of one portal, as `connector.bitrix.limits.BucketState` means it; times are unix seconds."""

    __tablename__ = "budget"

    key: Mapped[str] = mapped_column(primary_key=True)
    free_at: Mapped[float] = mapped_column(default=0.0)
    slowdown: Mapped[float] = mapped_column(default=1.0)
    refused_at: Mapped[float] = mapped_column(default=0.0)


class BudgetOperating(Base):
    """Latest reported operating time of one method on one portal (`connector.bitrix.limits.Operating`); times are unix seconds."""

    __tablename__ = "budget_operating"

    key: Mapped[str] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(primary_key=True)
    seconds: Mapped[float] = mapped_column(default=0.0)
    resets_at: Mapped[float] = mapped_column(default=0.0)
    blocked_until: Mapped[float] = mapped_column(default=0.0)


class Audit(Base):
    """One thing that somebody did; `who` is `{"user_id", "name", "via"}`, names are blanked when the app is removed."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "portal_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    who: Mapped[JsonMap]
    action: Mapped[str]
    detail: Mapped[JsonMap] = mapped_column(default=dict)


class PipelineChange(Base):
    """The change of pipelines under way on a portal, gone when it is settled. `until`: when the turn ends by itself.

    `who`, `action` and `detail` are the line of the audit log that a process which died did not come to write; `action` is empty when
    that line is there and only the outcome has to settle.
    """

    __tablename__ = "pipeline_change"

    lock_key: Mapped[str] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    holder: Mapped[str]
    until: Mapped[datetime]
    at: Mapped[datetime]
    who: Mapped[JsonMap]
    action: Mapped[str]
    detail: Mapped[JsonMap] = mapped_column(default=dict)


class DownloadTicket(Base):
    """Permission to fetch one file once; `token_hash` is SHA-256 of what the link carries."""

    __tablename__ = "download_ticket"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    user_id: Mapped[int]
    what: Mapped[JsonMap]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class Preference(Base):
    """What one person of a portal has chosen for themselves: language of the app, and the options that were filled in and not used yet."""

    __tablename__ = "preference"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    language: Mapped[str] = mapped_column(default="")
    draft: Mapped[JsonList | None]
    updated_at: Mapped[datetime]


class LoginAttempt(Base):
    """A login outside the frame that was begun: good for one callback, in the browser that began it. Hashes are SHA-256."""

    __tablename__ = "login_attempt"

    nonce_hash: Mapped[str] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    browser_hash: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class ModeReading(Base):
    """One answer of `crm.settings.mode.get`; `source` says which part of the app asked."""

    __tablename__ = "mode_reading"
    __table_args__ = (Index(None, "portal_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    mode: Mapped[str]
    source: Mapped[str]


class ModeChange(Base):
    """A portal answered another mode than before: somewhere between `after` and `noticed_at`; `run_id` if a run was waiting for it.

    `report` is what became of the leads, read afterwards when no run of ours was at work; `report_due` while that is to be done.
    """

    __tablename__ = "mode_change"
    __table_args__ = (Index(None, "portal_id", "noticed_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    from_mode: Mapped[str]
    to_mode: Mapped[str]
    after: Mapped[datetime | None]
    noticed_at: Mapped[datetime]
    run_id: Mapped[str | None]
    source: Mapped[str]
    report: Mapped[JsonMap | None]
    report_due: Mapped[datetime | None] = mapped_column(index=True)


class EventState(StrEnum):
    """How far an inbound event came."""

    RECEIVED = "received"
    HANDLED = "handled"
    IGNORED = "ignored"
    FAILED = "failed"


class InboundEvent(Base):
    """One verified event, kept before it is answered. `payload` is encrypted, since installs carry tokens; dropped once handled."""

    __tablename__ = "inbound_event"
    __table_args__ = (Index(None, "state", "received_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(unique=True)
    event: Mapped[str]
    sent_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    payload: Mapped[JsonMap | None] = mapped_column(EncryptedJson)
    state: Mapped[str] = mapped_column(default=EventState.RECEIVED)
    handled_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")


class RestLog(Base):
    """One REST request and its answer, masked; kept for the days that the Market asks for."""

    __tablename__ = "rest_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    portal_id: Mapped[int | None] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    method: Mapped[str]
    http_status: Mapped[int | None]
    code: Mapped[str] = mapped_column(default="")
    request_id: Mapped[str] = mapped_column(default="")
    duration_ms: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    request: Mapped[JsonMap | None]
    answer: Mapped[JsonMap | None]
