"""Secrets of a client: what opens its shop."""

from alembic import op

revision = "kitchen0002"
down_revision = "kitchen0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE kitchen.client ADD COLUMN shop_key bytea, ADD COLUMN certificate bytea")
    for name in ("shop_key", "certificate"):
        op.execute(f"COMMENT ON COLUMN kitchen.client.{name} IS 'secret'")


def downgrade() -> None:
    op.execute("ALTER TABLE kitchen.client DROP COLUMN shop_key, DROP COLUMN certificate")
