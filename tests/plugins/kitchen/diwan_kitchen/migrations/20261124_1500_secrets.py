"""Secrets of a client: what opens its shop."""

from alembic import op

revision = "kitchen0002"
down_revision = "kitchen0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE kitchen.client ADD COLUMN shop_key bytea, ADD COLUMN certificate bytea")


def downgrade() -> None:
    op.execute("ALTER TABLE kitchen.client DROP COLUMN shop_key, DROP COLUMN certificate")
