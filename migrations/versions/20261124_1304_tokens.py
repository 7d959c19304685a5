"""Service tokens, from where a token was used, and jobs that keep the narrower rights of who started them."""

from alembic import op

revision = "core0007"
down_revision = "core0006"
branch_labels = None
depends_on = None

TENANT = """t.id, t.slug, t.name, t.country, t.language, t.timezone, t.currency, t.lineup_key, t.tailoring, t.brand,
    t.policy"""
RESULT = """tenant_id bigint, slug text, tenant_name text, country text, tenant_language text,
    timezone text, currency text, lineup_key text, tailoring bigint, brand jsonb, policy jsonb"""
SIGNATURE = "core.open_token(token_hash bytea, moment timestamptz)"

OLD = f"""RETURNS TABLE (token_id uuid, used_at timestamptz, token_grants text[], user_id uuid, email text,
        user_name text, user_language text, {RESULT}, membership_id uuid, rights bigint)
    AS $$ SELECT k.id, k.used_at, k.grants, u.id, u.email, u.name, u.language, {TENANT}, m.id, t.rights
    FROM core.api_token k
    JOIN core."user" u ON u.id = k.user_id AND u.disabled_at IS NULL
    JOIN core.membership m ON m.tenant_id = k.tenant_id AND m.user_id = k.user_id AND m.state = 'active'
    JOIN core.tenant t ON t.id = k.tenant_id AND t.state = 'active'
    WHERE k.secret_hash = token_hash AND k.revoked_at IS NULL
        AND (k.expires_at IS NULL OR k.expires_at > moment) $$"""
# A token of a person opens only while the person may come in; a token of the business has no person.
NEW = f"""RETURNS TABLE (token_id uuid, token_kind text, token_name text, used_at timestamptz, used_ip text,
        token_grants text[], user_id uuid, email text, user_name text, user_language text, {RESULT},
        membership_id uuid, rights bigint)
    AS $$ SELECT k.id, k.kind, k.name, k.used_at, k.used_ip, k.grants, u.id, u.email, u.name, u.language, {TENANT},
        m.id, t.rights
    FROM core.api_token k
    JOIN core.tenant t ON t.id = k.tenant_id AND t.state = 'active'
    LEFT JOIN core."user" u ON u.id = k.user_id AND u.disabled_at IS NULL
    LEFT JOIN core.membership m ON m.tenant_id = k.tenant_id AND m.user_id = u.id AND m.state = 'active'
    WHERE k.secret_hash = token_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > moment)
        AND (k.kind = 'service' OR m.id IS NOT NULL) $$"""


def upgrade() -> None:
    for column in (
        "kind text NOT NULL DEFAULT 'personal'",
        "created_by uuid",
        "used_ip text NOT NULL DEFAULT ''",
        "warned_days bigint",
    ):
        op.execute(f"ALTER TABLE core.api_token ADD COLUMN {column}")
    op.execute("ALTER TABLE core.api_token ALTER COLUMN user_id DROP NOT NULL")
    op.execute(
        "ALTER TABLE core.api_token ADD CONSTRAINT ck_api_token_kind"
        " CHECK (kind = 'personal' AND user_id IS NOT NULL OR kind = 'service' AND user_id IS NULL)"
    )
    op.execute("ALTER TABLE core.outbox ADD COLUMN token_id uuid")
    op.execute("ALTER TABLE core.outbox ADD COLUMN grants text[]")
    _make_anew(NEW)


def downgrade() -> None:
    _make_anew(OLD)
    op.execute("ALTER TABLE core.outbox DROP COLUMN grants")
    op.execute("ALTER TABLE core.outbox DROP COLUMN token_id")
    op.execute("ALTER TABLE core.api_token NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM core.api_token WHERE kind = 'service'")
    op.execute("ALTER TABLE core.api_token FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE core.api_token DROP CONSTRAINT ck_api_token_kind")
    op.execute("ALTER TABLE core.api_token ALTER COLUMN user_id SET NOT NULL")
    for column in ("kind", "created_by", "used_ip", "warned_days"):
        op.execute(f"ALTER TABLE core.api_token DROP COLUMN {column}")


def _make_anew(body: str) -> None:
    """Drop and make the function anew, in this one transaction: its result type changes."""
    types = "core.open_token(bytea, timestamptz)"
    op.execute("SET LOCAL ROLE diwan_lookup")
    op.execute(f"DROP FUNCTION {types}")
    op.execute("SET LOCAL ROLE NONE")
    op.execute("GRANT CREATE ON SCHEMA core TO diwan_lookup")
    op.execute(f"CREATE FUNCTION {SIGNATURE} {body} LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog")
    op.execute(f"REVOKE ALL ON FUNCTION {types} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {types} TO diwan_app")
    op.execute(f"ALTER FUNCTION {types} OWNER TO diwan_lookup")
    op.execute("REVOKE CREATE ON SCHEMA core FROM diwan_lookup")
