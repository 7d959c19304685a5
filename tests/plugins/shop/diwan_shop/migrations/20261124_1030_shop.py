"""Customers, leads and employees."""

from alembic import op

revision = "shop0001"
down_revision = None
branch_labels = None
depends_on = None

RECORD = """created_at timestamptz NOT NULL, created_by uuid, updated_at timestamptz NOT NULL, archived_at timestamptz,
    version bigint NOT NULL, sort_title text NOT NULL, custom jsonb NOT NULL DEFAULT '{}'"""

TABLES = {
    "customer": "name text NOT NULL, city text, credit bigint",
    "lead": """name text NOT NULL, state text NOT NULL, budget bigint, customer uuid, seller uuid,
        CONSTRAINT fk_lead_customer FOREIGN KEY (tenant_id, customer)
            REFERENCES shop.customer (tenant_id, id) ON DELETE RESTRICT,
        CONSTRAINT fk_lead_seller FOREIGN KEY (tenant_id, seller)
            REFERENCES core.membership (tenant_id, user_id) ON DELETE RESTRICT""",
    "employee": "name text NOT NULL, city text, salary bigint",
}


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS shop")
    for name, columns in TABLES.items():
        op.execute(
            f"""CREATE TABLE shop.{name} (tenant_id bigint NOT NULL, id uuid NOT NULL, {columns}, {RECORD},
            CONSTRAINT pk_{name} PRIMARY KEY (tenant_id, id),
            CONSTRAINT fk_{name}_tenant_id FOREIGN KEY (tenant_id) REFERENCES core.tenant (id) ON DELETE CASCADE)"""
        )
        op.execute(f"CREATE INDEX ix_{name}_sort_title ON shop.{name} (tenant_id, sort_title, id)")
        op.execute(f"ALTER TABLE shop.{name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE shop.{name} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON shop.{name} USING (tenant_id = core.tid()) WITH CHECK (tenant_id = core.tid())"
        )
    op.execute("CREATE INDEX ix_lead_customer ON shop.lead (tenant_id, customer)")
    op.execute("CREATE INDEX ix_lead_seller ON shop.lead (tenant_id, seller, sort_title, id)")


def downgrade() -> None:
    for name in reversed(TABLES):
        op.execute(f"DROP TABLE shop.{name}")
