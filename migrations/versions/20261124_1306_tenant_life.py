"""The end of a business: exports of all it has, its closing, its erasure row by row, and the proof that remains."""

from alembic import op

revision = "core0009"
down_revision = "core0008"
branch_labels = None
depends_on = None

TAKEOUT = """CREATE TABLE core.takeout (
    tenant_id bigint NOT NULL, id uuid NOT NULL, state text NOT NULL DEFAULT 'waiting', job_id uuid, file_id uuid,
    rows bigint NOT NULL DEFAULT 0, size bigint NOT NULL DEFAULT 0, sha256 text NOT NULL DEFAULT '',
    error text NOT NULL DEFAULT '', created_by uuid, created_at timestamptz NOT NULL, finished_at timestamptz,
    expires_at timestamptz,
    CONSTRAINT pk_takeout PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_takeout_state CHECK (state IN ('waiting', 'running', 'done', 'failed', 'stopped', 'expired')),
    CONSTRAINT fk_takeout_file_id FOREIGN KEY (tenant_id, file_id) REFERENCES core.file (tenant_id, id)
        ON DELETE RESTRICT,
    CONSTRAINT fk_takeout_tenant_id FOREIGN KEY (tenant_id) REFERENCES core.tenant (id) ON DELETE CASCADE)"""

# Global: it outlives the business that it speaks of, and names it by a digest only.
ERASURE = """CREATE TABLE core.erasure (
    id uuid NOT NULL, business bigint NOT NULL, slug_hash bytea NOT NULL, closed_at timestamptz,
    begun_at timestamptz NOT NULL, erased_at timestamptz, erased_by text NOT NULL DEFAULT '',
    counts jsonb NOT NULL DEFAULT '{}', remains jsonb NOT NULL DEFAULT '{}', files bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0, people uuid[] NOT NULL DEFAULT '{}', persons bigint NOT NULL DEFAULT 0,
    checks jsonb NOT NULL DEFAULT '{}', digest text NOT NULL DEFAULT '', tell jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT pk_erasure PRIMARY KEY (id),
    CONSTRAINT uq_erasure_business UNIQUE (business))"""

SECRET = (("api_token", "secret_hash"), ("invitation", "secret_hash"))
"""Columns that no export carries: their comment says so, as that of any table may."""

# The rows are those of the open tenant: policy `tenant` holds for the tables' owner as well. It alone may delete what
# the application may not, the audit log, and only of a business whose time is up.
MUST_BE_DUE = """IF NOT EXISTS (SELECT 1 FROM core.tenant t WHERE t.id = core.tid() AND t.state = 'closing'
        AND t.closes_at <= clock_timestamp() + interval '1 minute') THEN
        RAISE EXCEPTION 'business % is not due to be erased', core.tid() USING ERRCODE = '42501';
    END IF;
    IF EXISTS (SELECT 1 FROM unnest(subjects) s WHERE NOT EXISTS (
        SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a
            ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        WHERE c.oid = s AND c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%')) THEN
        RAISE EXCEPTION 'these are no tables of a business' USING ERRCODE = '42809';
    END IF;"""

FUNCTIONS = {
    # At most so many rows that no other row holds: children are erased before their parents.
    "erase_rows(subject regclass, most bigint)": f"""RETURNS bigint AS $$
DECLARE
    subjects regclass[] := ARRAY[subject];
    held text;
    erased bigint;
BEGIN
    {MUST_BE_DUE}
    SELECT coalesce(string_agg(format(' AND NOT EXISTS (SELECT 1 FROM %s h WHERE %s)', k.conrelid::regclass, p.pairs),
        ''), '') INTO held
    FROM pg_constraint k CROSS JOIN LATERAL (
        SELECT string_agg(format('h.%I = r.%I', a.attname, b.attname), ' AND ') AS pairs
        FROM unnest(k.conkey, k.confkey) u (theirs, mine)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.theirs
        JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = u.mine) p
    WHERE k.contype = 'f' AND k.confrelid = subject AND k.confdeltype IN ('a', 'r') AND k.conparentid = 0;
    IF (SELECT c.relkind FROM pg_class c WHERE c.oid = subject) = 'p' THEN
        EXECUTE format('DELETE FROM %s r WHERE r.tenant_id = $1%s', subject, held) USING core.tid();
    ELSE
        EXECUTE format('DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT r.ctid FROM %s r WHERE r.tenant_id = $1%s'
            ' LIMIT $2))', subject, subject, held) USING core.tid(), most;
    END IF;
    GET DIAGNOSTICS erased = ROW_COUNT;
    RETURN erased;
END $$""",
    # Rows that hold each other go in one statement, at whose end the keys are checked.
    "erase_knot(subjects regclass[])": f"""RETURNS bigint[] AS $$
DECLARE
    parts text;
    sums text;
    erased bigint[];
BEGIN
    {MUST_BE_DUE}
    SELECT string_agg(format('e%s AS (DELETE FROM %s WHERE tenant_id = $1 RETURNING 1)', n, s), ', '),
        string_agg(format('(SELECT count(*) FROM e%s)', n), ', ') INTO parts, sums
    FROM unnest(subjects) WITH ORDINALITY u (s, n);
    EXECUTE format('WITH %s SELECT ARRAY[%s]', parts, sums) INTO erased USING core.tid();
    RETURN erased;
END $$""",
}


def _due(closing: str) -> str:
    alive = f"t.id = o.tenant_id AND (t.state = 'active'{closing})"
    return f"""RETURNS TABLE (
            tenant_id bigint, id uuid, kind text, name text, fence bigint, due_at timestamptz)
        AS $$ (SELECT o.tenant_id, o.id, o.kind, o.name, o.fence, o.available_at FROM core.outbox o
            JOIN core.tenant t ON {alive}
            WHERE o.state = 'ready' AND o.available_at <= moment ORDER BY o.available_at LIMIT most)
        UNION ALL (SELECT o.tenant_id, o.id, o.kind, o.name, o.fence, o.lease_until FROM core.outbox o
            JOIN core.tenant t ON {alive}
            WHERE o.state = 'leased' AND o.lease_until < moment ORDER BY o.lease_until LIMIT most) $$"""


DUE = "outbox_due(moment timestamptz, most int)"
LOOKUPS = {
    # Of the people of a business that is gone: who is in no other one, whatever its state and theirs.
    "without_business(people uuid[])": """RETURNS SETOF uuid
        AS $$ SELECT p FROM unnest(people) p
        WHERE NOT EXISTS (SELECT 1 FROM core.membership m WHERE m.user_id = p) $$""",
    # Why a member finds no business at an address that was theirs.
    "business_closing(who uuid, tenant_slug text)": """RETURNS TABLE (
            tenant_id bigint, name text, state text, closed_at timestamptz, closes_at timestamptz, owner boolean)
        AS $$ SELECT t.id, t.name, t.state, t.closed_at, t.closes_at,
            EXISTS (SELECT 1 FROM core.member_role mr JOIN core.role r ON r.tenant_id = mr.tenant_id
                AND r.id = mr.role_id WHERE mr.tenant_id = m.tenant_id AND mr.membership_id = m.id AND r.key = 'owner')
        FROM core.tenant t JOIN core.membership m ON m.tenant_id = t.id AND m.user_id = who AND m.state = 'active'
        WHERE t.slug = tenant_slug AND t.state = 'closing' $$""",
    # What was promised by mail still goes out while a business closes.
    DUE: _due(" OR t.state = 'closing' AND o.kind = 'mail'"),
}


def upgrade() -> None:
    for column in ("closed_at timestamptz", "closes_at timestamptz", "closed_by uuid"):
        op.execute(f"ALTER TABLE core.tenant ADD COLUMN {column}")
    op.execute("CREATE INDEX ix_tenant_closes_at ON core.tenant (closes_at) WHERE state = 'closing'")
    op.execute(TAKEOUT)
    op.execute("CREATE INDEX ix_takeout_file ON core.takeout (tenant_id, file_id)")
    op.execute("ALTER TABLE core.takeout ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE core.takeout FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant ON core.takeout USING (tenant_id = core.tid()) WITH CHECK (tenant_id = core.tid())"
    )
    op.execute(ERASURE)
    op.execute("CREATE INDEX ix_erasure_slug_hash ON core.erasure (slug_hash)")
    op.execute("REVOKE DELETE ON core.erasure FROM diwan_app")
    for table, column in SECRET:
        op.execute(f"COMMENT ON COLUMN core.{table}.{column} IS 'secret'")
    for signature, body in FUNCTIONS.items():
        name = _typed(signature)
        op.execute(
            f"CREATE FUNCTION core.{signature} {body} LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog"
        )
        op.execute(f"REVOKE ALL ON FUNCTION core.{name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION core.{name} TO diwan_app")
    _lookups(LOOKUPS, drop=(DUE,))


def downgrade() -> None:
    _lookups({DUE: _due("")}, drop=tuple(LOOKUPS))
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION core.{_typed(signature)}")
    for table, column in SECRET:
        op.execute(f"COMMENT ON COLUMN core.{table}.{column} IS NULL")
    op.execute("DROP TABLE core.erasure")
    op.execute("DROP TABLE core.takeout")
    for column in ("closed_at", "closes_at", "closed_by"):
        op.execute(f"ALTER TABLE core.tenant DROP COLUMN {column}")


def _lookups(made: dict[str, str], drop: tuple[str, ...]) -> None:
    """Drop and make functions of the lookup role."""
    op.execute("SET LOCAL ROLE diwan_lookup")
    for signature in drop:
        op.execute(f"DROP FUNCTION core.{_typed(signature)}")
    op.execute("SET LOCAL ROLE NONE")
    op.execute("GRANT CREATE ON SCHEMA core TO diwan_lookup")
    for signature, body in made.items():
        name = _typed(signature)
        op.execute(
            f"CREATE FUNCTION core.{signature} {body} LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog"
        )
        op.execute(f"REVOKE ALL ON FUNCTION core.{name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION core.{name} TO diwan_app")
        op.execute(f"ALTER FUNCTION core.{name} OWNER TO diwan_lookup")
    op.execute("REVOKE CREATE ON SCHEMA core FROM diwan_lookup")


def _typed(signature: str) -> str:
    """Return `name(type, ...)` of `name(argument type, ...)`."""
    name, arguments = signature.rstrip(")").split("(")
    return f"{name}({', '.join(argument.strip().split(' ', 1)[1] for argument in arguments.split(','))})"
