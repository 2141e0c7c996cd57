"""First tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
DOCUMENT = sa.JSON()


def upgrade() -> None:  # noqa: PLR0915 - a list of tables, not logic
    """One step forward."""
    op.create_table(
        "budget",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("free_at", sa.Double(), nullable=False),
        sa.Column("slowdown", sa.Double(), nullable=False),
        sa.Column("refused_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_budget")),
    )
    op.create_table(
        "budget_operating",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("resets_at", sa.Double(), nullable=False),
        sa.Column("blocked_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", "method", name=op.f("pk_budget_operating")),
    )
    op.create_table(
        "portal",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=True),
        sa.Column("client_endpoint", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=True),
        sa.Column("credential_version", ID, nullable=False),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("lease_holder", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=False),
        sa.Column("application_token_hash", sa.Text(), nullable=True),
        sa.Column("owner_id", ID, nullable=True),
        sa.Column("owner_name", sa.Text(), nullable=False),
        sa.Column("owner_is_admin", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("mode_seen_at", MOMENT, nullable=True),
        sa.Column("named_users", JSON, nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("app_version", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("uninstalled_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal")),
        sa.UniqueConstraint("key", name=op.f("uq_portal_key")),
    )
    with op.batch_alter_table("portal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_portal_host"), ["host"], unique=False)

    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", JSON, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("detail", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_audit_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_portal_id_at"), ["portal_id", "at"], unique=False)

    op.create_table(
        "download_ticket",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("what", JSON, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_download_ticket_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_download_ticket")),
    )
    with op.batch_alter_table("download_ticket", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_download_ticket_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "inbound_event",
        sa.Column("id", ID, nullable=False),
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("handled_at", MOMENT, nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_inbound_event_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_event")),
        sa.UniqueConstraint("digest", name=op.f("uq_inbound_event_digest")),
    )
    with op.batch_alter_table("inbound_event", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_inbound_event_state_received_at"), ["state", "received_at"], unique=False
        )

    op.create_table(
        "mode_change",
        sa.Column("id", ID, nullable=False),
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("from_mode", sa.Text(), nullable=False),
        sa.Column("to_mode", sa.Text(), nullable=False),
        sa.Column("after", MOMENT, nullable=True),
        sa.Column("noticed_at", MOMENT, nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_mode_change_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mode_change")),
    )
    with op.batch_alter_table("mode_change", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_mode_change_portal_id_noticed_at"), ["portal_id", "noticed_at"], unique=False
        )

    op.create_table(
        "mode_reading",
        sa.Column("id", ID, nullable=False),
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_mode_reading_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mode_reading")),
    )
    with op.batch_alter_table("mode_reading", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mode_reading_portal_id_at"), ["portal_id", "at"], unique=False)

    op.create_table(
        "plan",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("options", DOCUMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("progress", JSON, nullable=False),
        sa.Column("facts", DOCUMENT, nullable=False),
        sa.Column("counts", DOCUMENT, nullable=False),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ready_at", MOMENT, nullable=True),
        sa.Column("created_by", JSON, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_plan_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
    )
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_plan_portal_id_created_at"), ["portal_id", "created_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_plan_portal_id_digest"), ["portal_id", "digest"], unique=False)

    op.create_table(
        "rest_log",
        sa.Column("id", ID, nullable=False),
        sa.Column("portal_id", ID, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("http_status", ID, nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("duration_ms", ID, server_default=sa.text("0"), nullable=False),
        sa.Column("request", JSON, nullable=True),
        sa.Column("answer", JSON, nullable=True),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_rest_log_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rest_log")),
    )
    with op.batch_alter_table("rest_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rest_log_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_rest_log_portal_id"), ["portal_id"], unique=False)

    op.create_table(
        "plan_finding",
        sa.Column("id", ID, nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("lead_id", ID, nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("params", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], name=op.f("fk_plan_finding_plan_id_plan"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_finding")),
    )
    with op.batch_alter_table("plan_finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_finding_plan_id_code"), ["plan_id", "code"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_plan_finding_plan_id_lead_id"), ["plan_id", "lead_id"], unique=False
        )

    op.create_table(
        "plan_lead",
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("lead_id", ID, nullable=False),
        sa.Column("position", ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("deal_stage", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("excluded", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], name=op.f("fk_plan_lead_plan_id_plan"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "lead_id", name=op.f("pk_plan_lead")),
    )
    with op.batch_alter_table("plan_lead", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_plan_lead_plan_id_kind_position"), ["plan_id", "kind", "position"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_plan_lead_plan_id_position"), ["plan_id", "position"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_plan_lead_plan_id_severity_position"),
            ["plan_id", "severity", "position"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_plan_lead_plan_id_stage_position"), ["plan_id", "stage", "position"], unique=False
        )

    op.create_table(
        "run",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("portal_id", ID, nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("undo_of", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("counters", JSON, nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("attempt", ID, nullable=False),
        sa.Column("lease_holder", sa.Text(), nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("waiting_for", JSON, nullable=True),
        sa.Column("created_by", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("report", DOCUMENT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_run_plan_id_plan")),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name=op.f("fk_run_portal_id_portal"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["undo_of"], ["run.id"], name=op.f("fk_run_undo_of_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_run_portal_id_created_at"), ["portal_id", "created_at"], unique=False
        )
        batch_op.create_index(
            "uq_run_live_portal_id",
            ["portal_id"],
            unique=True,
            sqlite_where=sa.text(
                "state IN ('queued', 'running', 'pausing', 'paused', 'cancelling', 'waiting')"
            ),
            postgresql_where=sa.text(
                "state IN ('queued', 'running', 'pausing', 'paused', 'cancelling', 'waiting')"
            ),
        )

    op.create_table(
        "journal",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("lead_id", ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("attempt", ID, nullable=False),
        sa.Column("seq", ID, nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("params", DOCUMENT, nullable=True),
        sa.Column("marker", sa.Text(), nullable=True),
        sa.Column("high_water", ID, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", DOCUMENT, nullable=True),
        sa.Column("previous", DOCUMENT, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_journal_run_id_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sa.UniqueConstraint(
            "run_id", "lead_id", "key", "attempt", name=op.f("uq_journal_run_id_lead_id_key_attempt")
        ),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_journal_run_id_seq"), ["run_id", "seq"], unique=False)
        batch_op.create_index(batch_op.f("ix_journal_run_id_state"), ["run_id", "state"], unique=False)

    op.create_table(
        "run_lead",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("lead_id", ID, nullable=False),
        sa.Column("position", ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", JSON, nullable=True),
        sa.Column("deal_id", ID, nullable=True),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("company_id", ID, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_run_lead_run_id_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "lead_id", name=op.f("pk_run_lead")),
    )
    with op.batch_alter_table("run_lead", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_lead_run_id_position"), ["run_id", "position"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_run_lead_run_id_state_position"), ["run_id", "state", "position"], unique=False
        )


def downgrade() -> None:  # noqa: PLR0915 - a list of tables, not logic
    """One step back."""
    with op.batch_alter_table("run_lead", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_run_lead_run_id_state_position"))
        batch_op.drop_index(batch_op.f("ix_run_lead_run_id_position"))

    op.drop_table("run_lead")
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_journal_run_id_state"))
        batch_op.drop_index(batch_op.f("ix_journal_run_id_seq"))

    op.drop_table("journal")
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_run_live_portal_id",
            sqlite_where=sa.text(
                "state IN ('queued', 'running', 'pausing', 'paused', 'cancelling', 'waiting')"
            ),
            postgresql_where=sa.text(
                "state IN ('queued', 'running', 'pausing', 'paused', 'cancelling', 'waiting')"
            ),
        )
        batch_op.drop_index(batch_op.f("ix_run_portal_id_created_at"))
        batch_op.drop_index(batch_op.f("ix_run_plan_id"))

    op.drop_table("run")
    with op.batch_alter_table("plan_lead", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_lead_plan_id_stage_position"))
        batch_op.drop_index(batch_op.f("ix_plan_lead_plan_id_severity_position"))
        batch_op.drop_index(batch_op.f("ix_plan_lead_plan_id_position"))
        batch_op.drop_index(batch_op.f("ix_plan_lead_plan_id_kind_position"))

    op.drop_table("plan_lead")
    with op.batch_alter_table("plan_finding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_finding_plan_id_lead_id"))
        batch_op.drop_index(batch_op.f("ix_plan_finding_plan_id_code"))

    op.drop_table("plan_finding")
    with op.batch_alter_table("rest_log", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rest_log_portal_id"))
        batch_op.drop_index(batch_op.f("ix_rest_log_at"))

    op.drop_table("rest_log")
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_portal_id_digest"))
        batch_op.drop_index(batch_op.f("ix_plan_portal_id_created_at"))

    op.drop_table("plan")
    with op.batch_alter_table("mode_reading", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mode_reading_portal_id_at"))

    op.drop_table("mode_reading")
    with op.batch_alter_table("mode_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mode_change_portal_id_noticed_at"))

    op.drop_table("mode_change")
    with op.batch_alter_table("inbound_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inbound_event_state_received_at"))

    op.drop_table("inbound_event")
    with op.batch_alter_table("download_ticket", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_download_ticket_expires_at"))

    op.drop_table("download_ticket")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_portal_id_at"))

    op.drop_table("audit")
    with op.batch_alter_table("portal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_portal_host"))

    op.drop_table("portal")
    op.drop_table("budget_operating")
    op.drop_table("budget")
