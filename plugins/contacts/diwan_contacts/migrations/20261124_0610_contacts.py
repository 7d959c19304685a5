"""Contacts, their further addresses and channels."""

from alembic import op

revision = "contacts0001"
down_revision = None
branch_labels = None
depends_on = None

RECORD = """created_at timestamptz NOT NULL, created_by uuid, updated_at timestamptz NOT NULL, archived_at timestamptz,
    version bigint NOT NULL, sort_title text NOT NULL"""

TABLES = {
    "contact": """name text NOT NULL, name_ar text, kind text NOT NULL, roles text[] NOT NULL, organisation uuid,
        code text, contact_person text, job_title text, email text, phone text, mobile text, fax text, website text,
        street text, city text, region text, postal_code text, country text, tax_number text, language text, note text,
        CONSTRAINT uq_contact_code UNIQUE (tenant_id, code),
        CONSTRAINT fk_contact_organisation FOREIGN KEY (tenant_id, organisation)
            REFERENCES contacts.contact (tenant_id, id) ON DELETE RESTRICT""",
    "address": """contact uuid NOT NULL, kind text NOT NULL, street text NOT NULL, city text, region text,
        postal_code text, country text,
        CONSTRAINT fk_address_contact FOREIGN KEY (tenant_id, contact)
            REFERENCES contacts.contact (tenant_id, id) ON DELETE CASCADE""",
    "channel": """contact uuid NOT NULL, kind text NOT NULL, value text NOT NULL, label text,
        CONSTRAINT fk_channel_contact FOREIGN KEY (tenant_id, contact)
            REFERENCES contacts.contact (tenant_id, id) ON DELETE CASCADE""",
}
INDEXES = [
    "CREATE INDEX ix_contact_organisation ON contacts.contact (tenant_id, organisation)",
    "CREATE INDEX ix_address_contact ON contacts.address (tenant_id, contact)",
    "CREATE INDEX ix_channel_contact ON contacts.channel (tenant_id, contact)",
]


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS contacts")
    for name, columns in TABLES.items():
        op.execute(
            f"""CREATE TABLE contacts.{name} (tenant_id bigint NOT NULL, id uuid NOT NULL, {columns}, {RECORD},
            CONSTRAINT pk_{name} PRIMARY KEY (tenant_id, id),
            CONSTRAINT fk_{name}_tenant_id FOREIGN KEY (tenant_id) REFERENCES core.tenant (id) ON DELETE CASCADE)"""
        )
        op.execute(f"CREATE INDEX ix_{name}_sort_title ON contacts.{name} (tenant_id, sort_title, id)")
        op.execute(f"ALTER TABLE contacts.{name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE contacts.{name} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON contacts.{name}"
            " USING (tenant_id = core.tid()) WITH CHECK (tenant_id = core.tid())"
        )
    for statement in INDEXES:
        op.execute(statement)


def downgrade() -> None:
    for name in reversed(TABLES):
        op.execute(f"DROP TABLE contacts.{name}")
