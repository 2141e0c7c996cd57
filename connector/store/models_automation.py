"""Tables of automation: what happened, the rules about it, what they set off, and what became of that. Secrets are encrypted, names absent.

`occurrence` is the outbox: its row is written in the transaction of the change itself, so that neither can be there without the other.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from connector.store.base import Base, Document, EncryptedJson, JsonList, JsonMap


class Occurrence(Base):
    """Something that happened on a portal, once. `data` is what is told of it, without names; `people` are the names that may be asked for.

    `subject` is what it is about (`run:ID`, `mode`, …): deliveries about one subject keep their order. `key` keeps the same thing from
    being noted twice. `dispatched_at` is None until the rules have seen it.
    """

    __tablename__ = "occurrence"
    __table_args__ = (
        UniqueConstraint("portal_id", "key"),
        Index(None, "portal_id", "id"),
        Index(
            "ix_occurrence_new",
            "id",
            sqlite_where=text("dispatched_at IS NULL"),
            postgresql_where=text("dispatched_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    kind: Mapped[str]
    at: Mapped[datetime]
    subject: Mapped[str]
    key: Mapped[str | None]
    data: Mapped[JsonMap] = mapped_column(Document)
    people: Mapped[JsonMap | None] = mapped_column(Document)
    dispatched_at: Mapped[datetime | None]


class EndpointState(StrEnum):
    """Whether deliveries go there."""

    ACTIVE = "active"
    DISABLED = "disabled"


class Endpoint(Base):
    """An address that signed webhooks go to. `secrets` is `{"url", "now", "old", "old_until"}`: addresses of chats are keys, too, so people
    see `address`, which is the host alone. `reason` says why it is disabled.

    `failing_since` is the first of the failures that no success has followed yet; `created_by` is `{"user_id", "name", "via"}`.
    """

    __tablename__ = "endpoint"
    __table_args__ = (Index(None, "portal_id", "created_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    address: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    secrets: Mapped[JsonMap | None] = mapped_column(EncryptedJson)
    personal_data: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[str] = mapped_column(default=EndpointState.ACTIVE)
    reason: Mapped[str] = mapped_column(default="")
    failing_since: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[JsonMap]
    updated_at: Mapped[datetime]


class Rule(Base):
    """One rule. `document` is its JSON form (`webhooks.rules.model.RuleForm`)."""

    __tablename__ = "rule"
    __table_args__ = (Index(None, "portal_id", "created_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    enabled: Mapped[bool] = mapped_column(default=True, server_default=true())
    document: Mapped[JsonMap] = mapped_column(Document)
    created_at: Mapped[datetime]
    created_by: Mapped[JsonMap]
    updated_at: Mapped[datetime]


class Reaction(Base):
    """A rule has seen an occurrence: whether it acted, and why or why not; `reasons` are `{"code", …}`."""

    __tablename__ = "reaction"
    __table_args__ = (UniqueConstraint("rule_id", "occurrence_id"), Index(None, "portal_id", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    rule_id: Mapped[str] = mapped_column(ForeignKey("rule.id", ondelete="CASCADE"))
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("occurrence.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    matched: Mapped[bool]
    reasons: Mapped[JsonList]


class DeliveryState(StrEnum):
    """Life of a delivery: `dropped` will not be tried (its endpoint is disabled, or its rule is gone)."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    DROPPED = "dropped"


class Delivery(Base):
    """One action of a rule on one occurrence, to be done until it succeeds. `id` is the `webhook-id` and never changes.

    `kind` is webhook, notify, workflow, trigger or dry_run, `action` its JSON form; `body` is what a webhook sends, the same in each try.
    `lease_*` name the process that works on it. Deliveries of one `subject` to one endpoint are sent in the order of `position`.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index(None, "portal_id", "created_at"),
        Index(None, "endpoint_id", "subject", "position"),
        Index(
            "ix_delivery_due",
            "next_at",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    occurrence_id: Mapped[int | None] = mapped_column(
        ForeignKey("occurrence.id", ondelete="CASCADE"), index=True
    )
    rule_id: Mapped[str | None]
    endpoint_id: Mapped[str | None] = mapped_column(ForeignKey("endpoint.id", ondelete="CASCADE"))
    kind: Mapped[str]
    event: Mapped[str]
    action: Mapped[JsonMap] = mapped_column(Document)
    body: Mapped[str | None] = mapped_column(Text())
    subject: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(default=DeliveryState.PENDING)
    reason: Mapped[str] = mapped_column(default="")
    detail: Mapped[JsonMap | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    lease_holder: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class DeliveryAttempt(Base):
    """One try of a delivery. `status` is what was answered over HTTP, None without an answer; `answer` the beginning of its body."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (Index(None, "delivery_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("delivery.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    status: Mapped[int | None]
    duration_ms: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str]
    answer: Mapped[str] = mapped_column(default="")


class DealWrite(Base):
    """Something that a rule's action starts on one deal, journalled before it is sent: it happens at most once per action and deal."""

    __tablename__ = "deal_write"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"), primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    deal_id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    at: Mapped[datetime]


class ModeWatch(Base):
    """When the mode of a portal is read next, and why so soon. `pause` is in seconds, `hint` names what made it urgent; `offline_at`
    is when missed events were asked for last.
    """

    __tablename__ = "mode_watch"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"), primary_key=True)
    next_at: Mapped[datetime] = mapped_column(index=True)
    pause: Mapped[int] = mapped_column(default=60)
    hint: Mapped[str] = mapped_column(default="")
    hot_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    offline_at: Mapped[datetime | None]


class Refusal(Base):
    """How many posted events were refused on one day (`YYYY-MM-DD`, UTC), by reason; `portal_id` 0 when they named no portal of ours."""

    __tablename__ = "refusal"

    day: Mapped[str] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reason: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
