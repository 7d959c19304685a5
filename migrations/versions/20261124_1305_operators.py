"""Operators of the platform, their log, and the access that a business grants to support for a time."""

from alembic import op

revision = "core0008"
down_revision = "core0007"
branch_labels = None
depends_on = None

# Names of operators come from the command line, which works as the owner; the application only reads them.
GLOBAL_TABLES = [
    """CREATE TABLE core.operator (
        user_id uuid NOT NULL, since timestamptz NOT NULL, added_by text NOT NULL DEFAULT '',
        CONSTRAINT pk_operator PRIMARY KEY (user_id),
        CONSTRAINT fk_operator_user_id FOREIGN KEY (user_id) REFERENCES core."user" (id) ON DELETE CASCADE)""",
    """CREATE TABLE core.operator_entry (
        id uuid NOT NULL, at timestamptz NOT NULL, operator_id uuid, operator_name text NOT NULL, action text NOT NULL,
        business_id bigint, details jsonb NOT NULL DEFAULT '{}',
        CONSTRAINT pk_operator_entry PRIMARY KEY (id))""",
    "CREATE INDEX ix_operator_entry_business ON core.operator_entry (business_id, id)",
]
SUPPORT_GRANT = """CREATE TABLE core.support_grant (
    tenant_id bigint NOT NULL, id uuid NOT NULL, granted_by uuid, granted_by_name text NOT NULL DEFAULT '',
    reason text NOT NULL, level text NOT NULL, created_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
    revoked_at timestamptz, first_used_at timestamptz, seen_at timestamptz, operator_id uuid,
    CONSTRAINT pk_support_grant PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_support_grant_level CHECK (level IN ('read', 'full')),
    CONSTRAINT ck_support_grant_expires_at CHECK (expires_at <= created_at + interval '3 days 1 minute'),
    CONSTRAINT fk_support_grant_tenant_id FOREIGN KEY (tenant_id) REFERENCES core.tenant (id) ON DELETE CASCADE)"""

# What the look-up role reads of tenants' tables for the console: when, how large, until when; never what.
COLUMNS = {"audit_entry": "tenant_id, id, at", "file": "tenant_id, id, size", "support_grant": "*"}

TENANT_COLUMNS = "t.id, t.slug, t.name, t.country, t.language, t.timezone, t.currency, t.lineup_key, t.tailoring,"
TENANT_COLUMNS += " t.brand, t.policy"
TENANT_RESULT = """tenant_id bigint, slug text, tenant_name text, country text, tenant_language text,
    timezone text, currency text, lineup_key text, tailoring bigint, brand jsonb, policy jsonb"""
OPERATES = """EXISTS (SELECT 1 FROM core.operator x JOIN core."user" y ON y.id = x.user_id
    WHERE x.user_id = who AND y.disabled_at IS NULL)"""
LIVE = "g.revoked_at IS NULL AND g.expires_at > moment"
# Of an error text only the class of the exception and the place are told: the message may quote a tenant's data.
FAULT = r"coalesce(substring(o.error from '^([A-Z][A-Za-z]*(Error|Exception|Timeout|Exit|Interrupt|NotFound)): '), '')"
PLACE = r"""coalesce((SELECT m[1] || ':' || m[2] FROM
    regexp_match(o.error, '.*File "[^"\n]*?([a-z0-9_]+/[a-z0-9_]+\.py)", line ([0-9]+), in ') m), '')"""

FUNCTIONS = {
    "open_support(who uuid, tenant_slug text, moment timestamptz)": f"""RETURNS TABLE ({TENANT_RESULT},
            grant_id uuid, level text, reason text, expires_at timestamptz)
        AS $$ SELECT {TENANT_COLUMNS}, g.id, g.level, g.reason, g.expires_at
        FROM core.tenant t JOIN core.support_grant g ON g.tenant_id = t.id
        WHERE t.slug = tenant_slug AND t.state = 'active' AND {LIVE}
            AND (g.operator_id IS NULL OR g.operator_id = who) AND {OPERATES}
        ORDER BY g.level, g.expires_at DESC LIMIT 1 $$""",
    "standing(who uuid, tenant_slug text)": """RETURNS TABLE (slug text, tenant_name text, state text)
        AS $$ SELECT t.slug, t.name, t.state FROM core.membership m JOIN core.tenant t ON t.id = m.tenant_id
        WHERE m.user_id = who AND m.state = 'active' AND t.state = 'suspended'
            AND (tenant_slug = '' OR t.slug = tenant_slug) ORDER BY t.name $$""",
    "token_standing(token_hash bytea, moment timestamptz)": """RETURNS TABLE (tenant_name text, state text)
        AS $$ SELECT t.name, t.state FROM core.api_token k JOIN core.tenant t ON t.id = k.tenant_id
        WHERE k.secret_hash = token_hash AND k.revoked_at IS NULL AND t.state = 'suspended'
            AND (k.expires_at IS NULL OR k.expires_at > moment) $$""",
    "operator_tenants(who uuid, moment timestamptz, only_id bigint, words text, in_state text, in_country text,"
    " before_id bigint, most int)": f"""RETURNS TABLE (tenant_id bigint, slug text, tenant_name text, country text,
            state text, created_at timestamptz, lineup_key text, members bigint, files bigint, file_bytes numeric,
            active_at timestamptz, support_until timestamptz)
        AS $$ SELECT t.id, t.slug, t.name, t.country, t.state, t.created_at, t.lineup_key,
            (SELECT count(*) FROM core.membership m WHERE m.tenant_id = t.id AND m.state = 'active'), f.n, f.bytes,
            (SELECT e.at FROM core.audit_entry e WHERE e.tenant_id = t.id ORDER BY e.id DESC LIMIT 1),
            (SELECT max(g.expires_at) FROM core.support_grant g WHERE g.tenant_id = t.id AND {LIVE}
                AND (g.operator_id IS NULL OR g.operator_id = who))
        FROM (SELECT c.* FROM core.tenant c
            WHERE {OPERATES} AND (only_id IS NULL OR c.id = only_id)
                AND (words = '' OR c.name ILIKE words OR c.slug ILIKE words)
                AND (in_state = '' OR c.state = in_state) AND (in_country = '' OR c.country = in_country)
                AND (before_id IS NULL OR c.id < before_id)
            ORDER BY c.id DESC LIMIT most) t
        CROSS JOIN LATERAL (SELECT count(*) AS n, coalesce(sum(l.size), 0) AS bytes FROM core.file l
            WHERE l.tenant_id = t.id) f ORDER BY t.id DESC $$""",
    "operator_records(who uuid, only_id bigint)": f"""RETURNS TABLE (records bigint)
        AS $$ SELECT count(*) FROM core.search_entry e WHERE e.tenant_id = only_id AND {OPERATES} $$""",
    "operator_grants(who uuid, moment timestamptz, only_id bigint, most int)": f"""RETURNS TABLE (tenant_id bigint,
            slug text, tenant_name text, id uuid, level text, reason text, created_at timestamptz,
            expires_at timestamptz, revoked_at timestamptz, first_used_at timestamptz, mine boolean)
        AS $$ SELECT t.id, t.slug, t.name, g.id, g.level, g.reason, g.created_at, g.expires_at, g.revoked_at,
            g.first_used_at, g.operator_id IS NULL OR g.operator_id = who
        FROM core.support_grant g JOIN core.tenant t ON t.id = g.tenant_id
        WHERE {OPERATES} AND CASE WHEN only_id IS NULL THEN {LIVE} ELSE g.tenant_id = only_id END
        ORDER BY g.created_at DESC LIMIT most $$""",
    "operator_jobs(who uuid, only_id bigint, most int)": f"""RETURNS TABLE (tenant_id bigint, slug text,
            tenant_name text, kind text, name text, state text, jobs bigint, oldest timestamptz)
        AS $$ SELECT t.id, t.slug, t.name, o.kind, o.name, o.state, count(*), min(o.available_at)
        FROM core.outbox o JOIN core.tenant t ON t.id = o.tenant_id
        WHERE {OPERATES} AND o.state IN ('ready', 'leased', 'parked') AND (only_id IS NULL OR o.tenant_id = only_id)
        GROUP BY t.id, t.slug, t.name, o.kind, o.name, o.state ORDER BY o.state, count(*) DESC, t.id LIMIT most $$""",
    "operator_parked(who uuid, only_id bigint, before_id uuid, most int)": f"""RETURNS TABLE (tenant_id bigint,
            slug text, tenant_name text, id uuid, kind text, name text, attempts int, created_at timestamptz,
            finished_at timestamptz, fault text, place text)
        AS $$ SELECT t.id, t.slug, t.name, o.id, o.kind, o.name, o.attempts, o.created_at, o.finished_at,
            {FAULT}, {PLACE}
        FROM core.outbox o JOIN core.tenant t ON t.id = o.tenant_id
        WHERE {OPERATES} AND o.state = 'parked' AND (only_id IS NULL OR o.tenant_id = only_id)
            AND (before_id IS NULL OR o.id < before_id)
        ORDER BY o.id DESC LIMIT most $$""",
}


def upgrade() -> None:
    for statement in GLOBAL_TABLES:
        op.execute(statement)
    op.execute("REVOKE INSERT, UPDATE, DELETE ON core.operator FROM diwan_app")
    op.execute("REVOKE UPDATE, DELETE ON core.operator_entry FROM diwan_app")
    op.execute(SUPPORT_GRANT)
    op.execute("ALTER TABLE core.support_grant ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE core.support_grant FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY tenant ON core.support_grant USING (tenant_id = core.tid())"
               " WITH CHECK (tenant_id = core.tid())")  # fmt: skip
    op.execute("CREATE INDEX ix_outbox_parked ON core.outbox (id) WHERE state = 'parked'")
    op.execute("GRANT SELECT ON core.operator TO diwan_lookup")
    for name, columns in COLUMNS.items():
        op.execute(f"GRANT SELECT {'' if columns == '*' else f'({columns}) '}ON core.{name} TO diwan_lookup")
        op.execute(f"CREATE POLICY lookup ON core.{name} FOR SELECT TO diwan_lookup USING (true)")
    op.execute("GRANT CREATE ON SCHEMA core TO diwan_lookup")
    for signature, body in FUNCTIONS.items():
        name = _typed(signature)
        op.execute(
            f"CREATE FUNCTION core.{signature} {body} LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog"
        )
        op.execute(f"REVOKE ALL ON FUNCTION core.{name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION core.{name} TO diwan_app")
        op.execute(f"ALTER FUNCTION core.{name} OWNER TO diwan_lookup")
    op.execute("REVOKE CREATE ON SCHEMA core FROM diwan_lookup")


def downgrade() -> None:
    op.execute("SET LOCAL ROLE diwan_lookup")
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION core.{_typed(signature)}")
    op.execute("SET LOCAL ROLE NONE")
    for name in ("audit_entry", "file"):
        op.execute(f"DROP POLICY lookup ON core.{name}")
        op.execute(f"REVOKE SELECT ({COLUMNS[name]}) ON core.{name} FROM diwan_lookup")
    op.execute("DROP INDEX core.ix_outbox_parked")
    for name in ("support_grant", "operator_entry", "operator"):
        op.execute(f"DROP TABLE core.{name}")


def _typed(signature: str) -> str:
    """Return `name(type, ...)` of `name(argument type, ...)`."""
    name, arguments = signature.rstrip(")").split("(")
    return f"{name}({', '.join(argument.strip().split(' ', 1)[1] for argument in arguments.split(','))})"
