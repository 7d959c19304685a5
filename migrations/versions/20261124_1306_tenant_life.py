"""tenant_life"""

from alembic import op  # noqa: F401

revision = "core0009"
down_revision = "core0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
