"""Further addresses and channels keep the order that people give them; those that are there, that of their making."""

from alembic import op

revision = "contacts0003"
down_revision = "contacts0002"
branch_labels = None
depends_on = None

TABLES = ("address", "channel")


def upgrade() -> None:
    for name in TABLES:
        op.execute(f"ALTER TABLE contacts.{name} ADD COLUMN position bigint NOT NULL DEFAULT 0")
        # The owner of the table is held to the policy of the tenants, too, unless it says otherwise.
        op.execute(f"ALTER TABLE contacts.{name} NO FORCE ROW LEVEL SECURITY")
        op.execute(
            f"""UPDATE contacts.{name} t SET position = o.place FROM (
                SELECT tenant_id, id, row_number() OVER (PARTITION BY tenant_id, contact ORDER BY id) AS place
                FROM contacts.{name}) o
            WHERE o.tenant_id = t.tenant_id AND o.id = t.id"""
        )
        op.execute(f"ALTER TABLE contacts.{name} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    for name in TABLES:
        op.execute(f"ALTER TABLE contacts.{name} DROP COLUMN position")
