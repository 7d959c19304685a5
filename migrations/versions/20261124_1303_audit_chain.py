"""The audit log as a chain: the database links each entry to the one before; old ones go by one function."""

from alembic import op

revision = "core0006"
down_revision = "core0005"
branch_labels = None
depends_on = None

TABLES = {
    "audit_link": """seq bigint NOT NULL, entry_id uuid NOT NULL, hash bytea NOT NULL,
        CONSTRAINT pk_audit_link PRIMARY KEY (tenant_id, seq),
        CONSTRAINT uq_audit_link_entry_id UNIQUE (tenant_id, entry_id)""",
    # One row a business: the end of its chain, and where it begins now that old entries were removed.
    "audit_head": """seq bigint NOT NULL DEFAULT 0, hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
        start_seq bigint NOT NULL DEFAULT 0, start_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
        CONSTRAINT pk_audit_head PRIMARY KEY (tenant_id)""",
}

# What is hashed: a JSON array of texts, one for each column in this order, NULL as null. docs/operations/audit.md
# tells it to whoever wants to check it by other means; diwan/audit/chain.py does.
TEXT = """json_build_array({0}.tenant_id::text, {0}.id::text, (extract(epoch FROM {0}.at) * 1000000)::bigint::text,
    {0}.actor_id::text, {0}.actor_name, {0}.actor_kind, {0}.request_id, {0}.action, {0}.resource, {0}.record_id::text,
    {0}.title, {0}.before::text, {0}.after::text)::text"""

LINK = """
    FOR added IN SELECT e.id, {text} AS body FROM {source} e WHERE e.tenant_id = tenant ORDER BY e.id LOOP
        digest := sha256(digest || convert_to(added.body, 'UTF8'));
        ids := ids || added.id;
        digests := digests || digest;
    END LOOP;
    INSERT INTO core.audit_link (tenant_id, seq, entry_id, hash)
    SELECT tenant, place + u.n, u.id, u.hash FROM unnest(ids, digests) WITH ORDINALITY AS u (id, hash, n);
    UPDATE core.audit_head SET seq = place + cardinality(ids), hash = digest WHERE tenant_id = tenant;"""
VARIABLES = """tenant bigint; place bigint; digest bytea; added record;
    ids uuid[] := '{}'; digests bytea[] := '{}';"""

# The row of the head is locked from here to the commit, so links are made in the order of the commits.
CHAIN = f"""CREATE FUNCTION core.chain_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $$
DECLARE {VARIABLES}
BEGIN
    tenant := core.tid();
    SELECT h.seq, h.hash INTO place, digest FROM core.audit_head h WHERE h.tenant_id = tenant FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO core.audit_head (tenant_id) VALUES (tenant) ON CONFLICT DO NOTHING;
        SELECT h.seq, h.hash INTO place, digest FROM core.audit_head h WHERE h.tenant_id = tenant FOR UPDATE;
    END IF;
    {LINK.format(text=TEXT.format("e"), source="added_entries")}
    RETURN NULL;
END $$"""

# Only from the oldest on, and only what is older than a year: no caller can say more.
FORGET = """CREATE FUNCTION core.forget_audit(months int, most int) RETURNS TABLE (removed bigint, last_seq bigint,
    last_hash bytea) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE tenant bigint; head record; stop bigint;
BEGIN
    IF months IS NULL OR months < 12 OR most IS NULL OR most < 1 THEN
        RAISE EXCEPTION 'entries of the audit log stay for at least 12 months' USING ERRCODE = 'check_violation';
    END IF;
    tenant := core.tid();
    SELECT h.seq, h.start_seq, h.start_hash INTO head FROM core.audit_head h WHERE h.tenant_id = tenant FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    last_seq := least(head.seq, head.start_seq + most);
    SELECT min(l.seq) INTO stop FROM core.audit_link l
        LEFT JOIN core.audit_entry e ON e.tenant_id = l.tenant_id AND e.id = l.entry_id
        WHERE l.tenant_id = tenant AND l.seq > head.start_seq AND l.seq <= last_seq
        AND coalesce(e.at >= now() - make_interval(months => months), true);
    last_seq := coalesce(stop - 1, last_seq);
    removed := last_seq - head.start_seq;
    SELECT l.hash INTO last_hash FROM core.audit_link l WHERE l.tenant_id = tenant AND l.seq = last_seq;
    IF removed > 0 THEN
        IF last_hash IS NULL THEN
            RAISE EXCEPTION 'the chain of the audit log has a gap: nothing is removed from it';
        END IF;
        WITH gone AS (DELETE FROM core.audit_link l WHERE l.tenant_id = tenant AND l.seq <= last_seq
            RETURNING l.entry_id)
        DELETE FROM core.audit_entry e USING gone WHERE e.tenant_id = tenant AND e.id = gone.entry_id;
        UPDATE core.audit_head h SET start_seq = last_seq, start_hash = last_hash WHERE h.tenant_id = tenant;
    END IF;
    RETURN NEXT;
END $$"""

EXISTING = f"""DO $$
DECLARE {VARIABLES}
BEGIN
    FOR tenant IN SELECT t.id FROM core.tenant t ORDER BY t.id LOOP
        PERFORM set_config('app.tenant_id', tenant::text, true);
        INSERT INTO core.audit_head (tenant_id) VALUES (tenant) RETURNING seq, hash INTO place, digest;
        ids := '{{}}';
        digests := '{{}}';
        {LINK.format(text=TEXT.format("e"), source="core.audit_entry")}
    END LOOP;
END $$"""

FUNCTIONS = {"chain_audit()": CHAIN, "forget_audit(int, int)": FORGET}
# The owner of the functions works within the open business only: the policy `tenant` binds it as it binds all others.
RIGHTS = {
    "audit_link": "SELECT, INSERT, DELETE",
    "audit_head": "SELECT, INSERT, UPDATE",
    "audit_entry": "SELECT, DELETE",
}


def upgrade() -> None:
    for name, columns in TABLES.items():
        op.execute(
            f"""CREATE TABLE core.{name} (tenant_id bigint NOT NULL, {columns},
            CONSTRAINT fk_{name}_tenant_id FOREIGN KEY (tenant_id) REFERENCES core.tenant (id) ON DELETE CASCADE)"""
        )
        op.execute(f"ALTER TABLE core.{name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE core.{name} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON core.{name} USING (tenant_id = core.tid()) WITH CHECK (tenant_id = core.tid())"
        )
        op.execute(f"REVOKE INSERT, UPDATE, DELETE ON core.{name} FROM diwan_app")
    # Each commit writes the head's row anew: beside its old version there is room, so no index is touched.
    op.execute("ALTER TABLE core.audit_head SET (fillfactor = 40)")
    op.execute(EXISTING)
    for name, rights in RIGHTS.items():
        op.execute(f"GRANT {rights} ON core.{name} TO diwan_lookup")
    op.execute("GRANT CREATE ON SCHEMA core TO diwan_lookup")
    for name, body in FUNCTIONS.items():
        op.execute(body)
        op.execute(f"REVOKE ALL ON FUNCTION core.{name} FROM PUBLIC")
    op.execute(
        """CREATE TRIGGER chain AFTER INSERT ON core.audit_entry REFERENCING NEW TABLE AS added_entries
        FOR EACH STATEMENT EXECUTE FUNCTION core.chain_audit()"""
    )
    op.execute("GRANT EXECUTE ON FUNCTION core.forget_audit(int, int) TO diwan_app")
    for name in FUNCTIONS:
        op.execute(f"ALTER FUNCTION core.{name} OWNER TO diwan_lookup")
    op.execute("REVOKE CREATE ON SCHEMA core FROM diwan_lookup")


def downgrade() -> None:
    op.execute("DROP TRIGGER chain ON core.audit_entry")
    op.execute("SET LOCAL ROLE diwan_lookup")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION core.{name}")
    op.execute("SET LOCAL ROLE NONE")
    op.execute("REVOKE SELECT, DELETE ON core.audit_entry FROM diwan_lookup")
    for name in reversed(TABLES):
        op.execute(f"DROP TABLE core.{name}")
