"""Room for the fields that a business adds to its greetings."""

from alembic import op

revision = "hello0002"
down_revision = "hello0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE hello.greeting ADD COLUMN custom jsonb NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    op.execute("ALTER TABLE hello.greeting DROP COLUMN custom")
