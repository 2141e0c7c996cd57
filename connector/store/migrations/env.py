"""What Alembic runs for every command. The connection comes from `connector.store.migrate`, never from a file."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, BigInteger

from connector.store.base import EncryptedJson, Json, UtcDateTime
from connector.store.migrate import is_ours
from connector.store.models import Base


def short_name(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """How a generated migration writes a type: by the names of `script.py.mako`, so that it never depends on our classes."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "MOMENT"
    if isinstance(item, EncryptedJson):
        return "sa.Text()"
    if isinstance(item, BigInteger):
        return "ID"
    if isinstance(item, JSON):
        return "JSON" if item is Json else "DOCUMENT"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    include_object=is_ours,
    compare_type=True,
    render_item=short_name,
)
with context.begin_transaction():
    context.run_migrations()
