"""Leads with a finding are listed in order without looking at all leads of their plan."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One step forward."""
    op.create_index(
        op.f("ix_plan_finding_plan_id_code_lead_id"), "plan_finding", ["plan_id", "code", "lead_id"]
    )
    op.drop_index(op.f("ix_plan_finding_plan_id_code"), table_name="plan_finding")


def downgrade() -> None:
    """One step back."""
    op.create_index(op.f("ix_plan_finding_plan_id_code"), "plan_finding", ["plan_id", "code"])
    op.drop_index(op.f("ix_plan_finding_plan_id_code_lead_id"), table_name="plan_finding")
