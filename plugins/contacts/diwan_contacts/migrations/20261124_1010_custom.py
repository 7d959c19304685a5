"""Room for the fields that a business adds to its contacts."""

from alembic import op

revision = "contacts0002"
down_revision = "contacts0001"
branch_labels = None
depends_on = None

TABLES = ("contact", "address", "channel")


def upgrade() -> None:
    for name in TABLES:
        op.execute(f"ALTER TABLE contacts.{name} ADD COLUMN custom jsonb NOT NULL DEFAULT '{{}}'")


def downgrade() -> None:
    for name in TABLES:
        op.execute(f"ALTER TABLE contacts.{name} DROP COLUMN custom")
