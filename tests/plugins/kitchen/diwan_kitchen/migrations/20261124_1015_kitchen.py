"""Clients, orders and the lines of an order."""

from alembic import op

revision = "kitchen0001"
down_revision = None
branch_labels = None
depends_on = None

RECORD = """created_at timestamptz NOT NULL, created_by uuid, updated_at timestamptz NOT NULL, archived_at timestamptz,
    version bigint NOT NULL, sort_title text NOT NULL, custom jsonb NOT NULL DEFAULT '{}'"""

TABLES = {
    "client": "name text NOT NULL, email text, phone text, city text, address jsonb",
    "order": """subject text NOT NULL, number text NOT NULL, name jsonb, client uuid, others uuid[] NOT NULL,
        state text NOT NULL, priority text NOT NULL, parent uuid, due_on date, starts_at timestamptz,
        ends_at timestamptz, length bigint, currency text, discount bigint, deposit bigint, total bigint,
        tags text[] NOT NULL, colour text, image uuid, contract uuid, urgent boolean NOT NULL, guests bigint,
        weight bigint, about text, note text,
        CONSTRAINT uq_order_number UNIQUE (tenant_id, number),
        CONSTRAINT fk_order_client FOREIGN KEY (tenant_id, client)
            REFERENCES kitchen.client (tenant_id, id) ON DELETE RESTRICT,
        CONSTRAINT fk_order_parent FOREIGN KEY (tenant_id, parent)
            REFERENCES kitchen."order" (tenant_id, id) ON DELETE RESTRICT,
        CONSTRAINT fk_order_image FOREIGN KEY (tenant_id, image)
            REFERENCES core.file (tenant_id, id) ON DELETE RESTRICT,
        CONSTRAINT fk_order_contract FOREIGN KEY (tenant_id, contract)
            REFERENCES core.file (tenant_id, id) ON DELETE RESTRICT""",
    "line": """"order" uuid NOT NULL, position bigint NOT NULL, item text NOT NULL, quantity bigint NOT NULL,
        price bigint,
        amount bigint GENERATED ALWAYS AS
            (round((quantity::numeric * 0.000001) * (price::numeric * 0.0001) * 10000::numeric)::bigint) STORED,
        CONSTRAINT fk_line_order FOREIGN KEY (tenant_id, "order")
            REFERENCES kitchen."order" (tenant_id, id) ON DELETE CASCADE""",
}
INDEXES = [
    'CREATE INDEX ix_order_client ON kitchen."order" (tenant_id, client)',
    'CREATE INDEX ix_order_parent ON kitchen."order" (tenant_id, parent)',
    'CREATE INDEX ix_order_image ON kitchen."order" (tenant_id, image)',
    'CREATE INDEX ix_order_contract ON kitchen."order" (tenant_id, contract)',
    'CREATE INDEX ix_line_order ON kitchen.line (tenant_id, "order")',
]


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS kitchen")
    for name, columns in TABLES.items():
        table = f'kitchen."{name}"'
        op.execute(
            f"""CREATE TABLE {table} (tenant_id bigint NOT NULL, id uuid NOT NULL, {columns}, {RECORD},
            CONSTRAINT pk_{name} PRIMARY KEY (tenant_id, id),
            CONSTRAINT fk_{name}_tenant_id FOREIGN KEY (tenant_id) REFERENCES core.tenant (id) ON DELETE CASCADE)"""
        )
        op.execute(f"CREATE INDEX ix_{name}_sort_title ON {table} (tenant_id, sort_title, id)")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON {table} USING (tenant_id = core.tid()) WITH CHECK (tenant_id = core.tid())"
        )
    for statement in INDEXES:
        op.execute(statement)


def downgrade() -> None:
    for name in reversed(TABLES):
        op.execute(f'DROP TABLE kitchen."{name}"')
