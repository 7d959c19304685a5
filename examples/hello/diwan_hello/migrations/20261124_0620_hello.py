"""Greetings."""

from alembic import op

revision = "hello0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS hello")
    op.execute(
        """CREATE TABLE hello.greeting (tenant_id bigint NOT NULL, id uuid NOT NULL, text text NOT NULL, language text,
        created_at timestamptz NOT NULL, created_by uuid, updated_at timestamptz NOT NULL, archived_at timestamptz,
        version bigint NOT NULL, sort_title text NOT NULL,
        CONSTRAINT pk_greeting PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_greeting_tenant_id FOREIGN KEY (tenant_id) REFERENCES core.tenant (id) ON DELETE CASCADE)"""
    )
    op.execute("CREATE INDEX ix_greeting_sort_title ON hello.greeting (tenant_id, sort_title, id)")
    op.execute("ALTER TABLE hello.greeting ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE hello.greeting FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant ON hello.greeting USING (tenant_id = core.tid()) WITH CHECK (tenant_id = core.tid())"
    )


def downgrade() -> None:
    op.execute("DROP TABLE hello.greeting")
