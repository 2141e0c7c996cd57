"""What one person of a portal has chosen for themselves."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "preference",
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("user_id", ID, autoincrement=False, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("draft", JSON, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_preference_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("portal_id", "user_id", name=op.f("pk_preference")),
    )


def downgrade() -> None:
    """One step back."""
    op.drop_table("preference")
