"""Makes a table, then divides by zero."""

from alembic import op

revision = "unmigrated0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE unmigrated.half (id bigint)")
    op.execute("SELECT 1 / 0")


def downgrade() -> None:
    op.execute("DROP TABLE unmigrated.half")
