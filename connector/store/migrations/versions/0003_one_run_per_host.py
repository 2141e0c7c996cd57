"""One live run per portal also when the portal is connected twice: by a webhook and by the installed app."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LIVE = "state IN ('queued', 'running', 'pausing', 'paused', 'cancelling', 'waiting')"


def upgrade() -> None:
    """One step forward."""
    # Never by making the table anew, as `batch_alter_table` does: on SQLite that empties the tables that point at it.
    op.add_column("run", sa.Column("lock_key", sa.Text(), server_default="", nullable=False))
    op.execute(
        "UPDATE run SET lock_key = (SELECT CASE WHEN lower(host) LIKE '%\\:443' "
        "THEN substr(lower(host), 1, length(host) - 4) ELSE lower(host) END FROM portal WHERE portal.id = run.portal_id)"
    )
    # Two live runs of one host may exist already: the later ones keep a key of their own and end as they would have.
    op.execute(
        f"UPDATE run SET lock_key = lock_key || '#' || id WHERE {LIVE} AND EXISTS (SELECT 1 FROM run AS other "  # noqa: S608
        f"WHERE other.lock_key = run.lock_key AND other.id < run.id AND other.{LIVE})"
    )
    op.create_index(
        "uq_run_live_lock_key",
        "run",
        ["lock_key"],
        unique=True,
        sqlite_where=sa.text(LIVE),
        postgresql_where=sa.text(LIVE),
    )


def downgrade() -> None:
    """One step back."""
    op.drop_index(
        "uq_run_live_lock_key",
        table_name="run",
        sqlite_where=sa.text(LIVE),
        postgresql_where=sa.text(LIVE),
    )
    op.drop_column("run", "lock_key")
