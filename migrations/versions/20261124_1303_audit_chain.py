"""audit_chain"""

from alembic import op  # noqa: F401

revision = "core0006"
down_revision = "core0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
