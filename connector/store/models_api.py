"""Tables of the JSON API: keys of a portal, and answers kept for repeated requests. Must never hold a key, only its hash."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from connector.store.base import Base, EncryptedJson, JsonList, JsonMap


class ApiKey(Base):
    """One key. `id` is the public half that stands in the key itself, `secret_hash` SHA-256 of the other; scopes never change.

    `made_for` names the form that made it, so that a page that is sent twice makes one key. `window_*` count the requests of a minute.
    """

    __tablename__ = "api_key"
    __table_args__ = (Index(None, "portal_id", "created_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id", ondelete="CASCADE"))
    name: Mapped[str]
    secret_hash: Mapped[str]
    scopes: Mapped[JsonList]
    created_by: Mapped[JsonMap]
    created_at: Mapped[datetime]
    made_for: Mapped[str | None] = mapped_column(unique=True)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    window_start: Mapped[datetime | None]
    window_count: Mapped[int] = mapped_column(default=0, server_default="0")


class ApiAnswer(Base):
    """What was answered to a request with an `Idempotency-Key`. While `status` is None the request is being answered, or nobody knows.

    `fingerprint` is SHA-256 of method, address and body; `answer` is `{"body", "headers"}`, encrypted since it may hold a secret.
    """

    __tablename__ = "api_answer"
    __table_args__ = (UniqueConstraint("key_id", "idempotency_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("api_key.id", ondelete="CASCADE"))
    idempotency_key: Mapped[str]
    fingerprint: Mapped[str]
    begun_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    answer: Mapped[JsonMap | None] = mapped_column(EncryptedJson)
