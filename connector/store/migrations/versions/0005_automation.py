"""Automation: what happened, rules, endpoints, deliveries, the watch of the mode."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
DOCUMENT = sa.JSON()


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "refusal",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("portal_id", ID, autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", ID, nullable=False),
        sa.PrimaryKeyConstraint("day", "portal_id", "reason", name=op.f("pk_refusal")),
    )
    op.create_table(
        "deal_write",
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("deal_id", ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_deal_write_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("portal_id", "purpose", "deal_id", name=op.f("pk_deal_write")),
    )
    op.create_table(
        "endpoint",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=True),
        sa.Column("personal_data", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", JSON, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_endpoint_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoint")),
    )
    op.create_index(
        op.f("ix_endpoint_portal_id_created_at"), "endpoint", ["portal_id", "created_at"], unique=False
    )
    op.create_table(
        "mode_watch",
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("pause", ID, nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("hot_until", MOMENT, nullable=True),
        sa.Column("failures", ID, nullable=False),
        sa.Column("offline_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_mode_watch_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("portal_id", name=op.f("pk_mode_watch")),
    )
    op.create_index(op.f("ix_mode_watch_next_at"), "mode_watch", ["next_at"], unique=False)
    op.create_table(
        "occurrence",
        sa.Column("id", ID, nullable=False),
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.Column("people", DOCUMENT, nullable=True),
        sa.Column("dispatched_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_occurrence_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
        sa.UniqueConstraint("portal_id", "key", name=op.f("uq_occurrence_portal_id_key")),
    )
    op.create_index(
        "ix_occurrence_new",
        "occurrence",
        ["id"],
        unique=False,
        sqlite_where=sa.text("dispatched_at IS NULL"),
        postgresql_where=sa.text("dispatched_at IS NULL"),
    )
    op.create_index(op.f("ix_occurrence_portal_id_id"), "occurrence", ["portal_id", "id"], unique=False)
    op.create_table(
        "rule",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", JSON, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_rule_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule")),
    )
    op.create_index(op.f("ix_rule_portal_id_created_at"), "rule", ["portal_id", "created_at"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("occurrence_id", ID, nullable=True),
        sa.Column("rule_id", sa.Text(), nullable=True),
        sa.Column("endpoint_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("action", DOCUMENT, nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("position", ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", JSON, nullable=True),
        sa.Column("attempts", ID, nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("lease_holder", sa.Text(), nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["endpoint.id"],
            name=op.f("fk_delivery_endpoint_id_endpoint"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["occurrence_id"],
            ["occurrence.id"],
            name=op.f("fk_delivery_occurrence_id_occurrence"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_delivery_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        op.f("ix_delivery_endpoint_id_subject_position"),
        "delivery",
        ["endpoint_id", "subject", "position"],
        unique=False,
    )
    op.create_index(op.f("ix_delivery_occurrence_id"), "delivery", ["occurrence_id"], unique=False)
    op.create_index(
        op.f("ix_delivery_portal_id_created_at"), "delivery", ["portal_id", "created_at"], unique=False
    )
    op.create_table(
        "reaction",
        sa.Column("id", ID, nullable=False),
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("occurrence_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("matched", sa.Boolean(), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["occurrence_id"],
            ["occurrence.id"],
            name=op.f("fk_reaction_occurrence_id_occurrence"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_reaction_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["rule.id"], name=op.f("fk_reaction_rule_id_rule"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reaction")),
        sa.UniqueConstraint("rule_id", "occurrence_id", name=op.f("uq_reaction_rule_id_occurrence_id")),
    )
    op.create_index(op.f("ix_reaction_portal_id_id"), "reaction", ["portal_id", "id"], unique=False)
    op.create_table(
        "delivery_attempt",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("status", ID, nullable=True),
        sa.Column("duration_ms", ID, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["delivery.id"],
            name=op.f("fk_delivery_attempt_delivery_id_delivery"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempt")),
    )
    op.create_index(
        op.f("ix_delivery_attempt_delivery_id_id"), "delivery_attempt", ["delivery_id", "id"], unique=False
    )
    op.add_column("mode_change", sa.Column("report", JSON, nullable=True))
    op.add_column("mode_change", sa.Column("report_due", MOMENT, nullable=True))
    op.create_index(op.f("ix_mode_change_report_due"), "mode_change", ["report_due"], unique=False)


def downgrade() -> None:
    """One step back."""
    op.drop_index(op.f("ix_mode_change_report_due"), table_name="mode_change")
    op.drop_column("mode_change", "report_due")
    op.drop_column("mode_change", "report")
    op.drop_index(op.f("ix_delivery_attempt_delivery_id_id"), table_name="delivery_attempt")
    op.drop_table("delivery_attempt")
    op.drop_index(op.f("ix_reaction_portal_id_id"), table_name="reaction")
    op.drop_table("reaction")
    op.drop_index(op.f("ix_delivery_portal_id_created_at"), table_name="delivery")
    op.drop_index(op.f("ix_delivery_occurrence_id"), table_name="delivery")
    op.drop_index(op.f("ix_delivery_endpoint_id_subject_position"), table_name="delivery")
    op.drop_index(
        "ix_delivery_due",
        table_name="delivery",
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_table("delivery")
    op.drop_index(op.f("ix_rule_portal_id_created_at"), table_name="rule")
    op.drop_table("rule")
    op.drop_index(op.f("ix_occurrence_portal_id_id"), table_name="occurrence")
    op.drop_index(
        "ix_occurrence_new",
        table_name="occurrence",
        sqlite_where=sa.text("dispatched_at IS NULL"),
        postgresql_where=sa.text("dispatched_at IS NULL"),
    )
    op.drop_table("occurrence")
    op.drop_index(op.f("ix_mode_watch_next_at"), table_name="mode_watch")
    op.drop_table("mode_watch")
    op.drop_index(op.f("ix_endpoint_portal_id_created_at"), table_name="endpoint")
    op.drop_table("endpoint")
    op.drop_table("deal_write")
    op.drop_table("refusal")
