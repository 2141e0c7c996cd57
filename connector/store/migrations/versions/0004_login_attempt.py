"""Logins outside the Bitrix24 frame that are under way."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "login_attempt",
        sa.Column("nonce_hash", sa.Text(), nullable=False),
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("browser_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_login_attempt_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("nonce_hash", name=op.f("pk_login_attempt")),
    )
    op.create_index(op.f("ix_login_attempt_expires_at"), "login_attempt", ["expires_at"])


def downgrade() -> None:
    """One step back."""
    op.drop_table("login_attempt")
