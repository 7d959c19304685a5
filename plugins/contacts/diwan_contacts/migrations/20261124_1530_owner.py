"""A contact belongs to somebody; those that are there to whoever made them, if that person works here."""

from alembic import op

revision = "contacts0004"
down_revision = "contacts0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE contacts.contact ADD COLUMN owner uuid")
    # The owner of the tables is held to the policy of the tenants, too, unless it says otherwise; so is the check of a
    # foreign key when it is added to rows that are there.
    for table in ("contacts.contact", "core.membership"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        """UPDATE contacts.contact c SET owner = c.created_by FROM core.membership m
        WHERE m.tenant_id = c.tenant_id AND m.user_id = c.created_by"""
    )
    op.execute(
        """ALTER TABLE contacts.contact ADD CONSTRAINT fk_contact_owner FOREIGN KEY (tenant_id, owner)
        REFERENCES core.membership (tenant_id, user_id) ON DELETE RESTRICT"""
    )
    for table in ("contacts.contact", "core.membership"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute("CREATE INDEX ix_contact_owner ON contacts.contact (tenant_id, owner, sort_title, id)")


def downgrade() -> None:
    op.execute("DROP INDEX contacts.ix_contact_owner")
    op.execute("ALTER TABLE contacts.contact DROP CONSTRAINT fk_contact_owner")
    op.execute("ALTER TABLE contacts.contact DROP COLUMN owner")
