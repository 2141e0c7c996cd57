"""What people decide about a plan that is ready, beside the plan itself."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MAP = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """One step forward."""
    # Never by making the table anew, as `batch_alter_table` does: on SQLite that empties the tables that point at it.
    op.add_column("plan", sa.Column("decisions", MAP, nullable=True))
    op.add_column("plan", sa.Column("decided", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """One step back."""
    op.drop_column("plan", "decided")
    op.drop_column("plan", "decisions")
