"""Items and loans."""

from alembic import op

revision = "loans0001"
down_revision = None
branch_labels = None
depends_on = None

RECORD = """created_at timestamptz NOT NULL, created_by uuid, updated_at timestamptz NOT NULL, archived_at timestamptz,
    version bigint NOT NULL, sort_title text NOT NULL, custom jsonb NOT NULL DEFAULT '{}'"""
TABLES = {
    "item": """name text NOT NULL, serial text, value bigint,
        CONSTRAINT uq_item_serial UNIQUE (tenant_id, serial)""",
    "loan": """number text NOT NULL, item uuid, borrower uuid NOT NULL, due date NOT NULL, state text NOT NULL,
        note text,
        CONSTRAINT uq_loan_number UNIQUE (tenant_id, number),
        CONSTRAINT fk_loan_item FOREIGN KEY (tenant_id, item)
            REFERENCES loans.item (tenant_id, id) ON DELETE RESTRICT""",
}
INDEXES = (
    "CREATE INDEX ix_loan_item ON loans.loan (tenant_id, item)",
    "CREATE INDEX ix_loan_borrower ON loans.loan (tenant_id, borrower)",
)


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS loans")
    for name, columns in TABLES.items():
        op.execute(
            f"""CREATE TABLE loans.{name} (tenant_id bigint NOT NULL, id uuid NOT NULL, {RECORD}, {columns},
            CONSTRAINT pk_{name} PRIMARY KEY (tenant_id, id),
            CONSTRAINT fk_{name}_tenant_id FOREIGN KEY (tenant_id) REFERENCES core.tenant (id) ON DELETE CASCADE)"""
        )
        op.execute(f"CREATE INDEX ix_{name}_sort_title ON loans.{name} (tenant_id, sort_title, id)")
        op.execute(f"ALTER TABLE loans.{name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE loans.{name} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON loans.{name} USING (tenant_id = core.tid()) WITH CHECK (tenant_id = core.tid())"
        )
    for statement in INDEXES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE loans.loan")
    op.execute("DROP TABLE loans.item")
