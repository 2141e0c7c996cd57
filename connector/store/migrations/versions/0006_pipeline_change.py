"""The change of pipelines that is under way: one at a time on a portal."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "pipeline_change",
        sa.Column("lock_key", sa.Text(), nullable=False),
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", JSON, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("detail", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_pipeline_change_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("lock_key", name=op.f("pk_pipeline_change")),
    )


def downgrade() -> None:
    """One step back."""
    op.drop_table("pipeline_change")
