"""operators"""

from alembic import op  # noqa: F401

revision = "core0008"
down_revision = "core0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
