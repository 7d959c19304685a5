"""tokens"""

from alembic import op  # noqa: F401

revision = "core0007"
down_revision = "core0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
