"""Teams, roles for a time, profiles of members, and the policy of a business for signing in."""

from alembic import op

revision = "core0003"
down_revision = "core0002"
branch_labels = None
depends_on = None

TENANT_TABLES = {
    "team": """id uuid NOT NULL, name text NOT NULL, folded text NOT NULL, parent_id uuid, manager_id uuid,
        path uuid[] NOT NULL, created_at timestamptz NOT NULL, version bigint NOT NULL DEFAULT 1,
        CONSTRAINT pk_team PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_team_folded UNIQUE (tenant_id, folded),
        CONSTRAINT fk_team_parent_id FOREIGN KEY (tenant_id, parent_id)
            REFERENCES core.team (tenant_id, id) ON DELETE RESTRICT,
        CONSTRAINT fk_team_manager_id FOREIGN KEY (tenant_id, manager_id)
            REFERENCES core.membership (tenant_id, user_id) ON DELETE RESTRICT""",
    "team_member": """team_id uuid NOT NULL, user_id uuid NOT NULL,
        CONSTRAINT pk_team_member PRIMARY KEY (tenant_id, team_id, user_id),
        CONSTRAINT fk_team_member_team_id FOREIGN KEY (tenant_id, team_id)
            REFERENCES core.team (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_team_member_user_id FOREIGN KEY (tenant_id, user_id)
            REFERENCES core.membership (tenant_id, user_id) ON DELETE CASCADE""",
}
INDEXES = [
    "CREATE INDEX ix_team_parent ON core.team (tenant_id, parent_id)",
    "CREATE INDEX ix_team_manager ON core.team (tenant_id, manager_id)",
    "CREATE INDEX ix_team_member_user ON core.team_member (tenant_id, user_id)",
]

# Colleagues as records refer to them: by the id of the account, also those who have left.
PERSON = """CREATE VIEW core.person WITH (security_invoker = true) AS
    SELECT m.tenant_id, m.user_id AS id, u.name, u.email, m.job_title, m.created_at, NULL::uuid AS created_by,
        m.created_at AS updated_at,
        CASE WHEN m.state <> 'active' OR u.disabled_at IS NOT NULL THEN coalesce(u.disabled_at, m.created_at) END
            AS archived_at, m.version, u.folded AS sort_title, '{}'::jsonb AS custom
    FROM core.membership m JOIN core."user" u ON u.id = m.user_id"""

# What somebody may do is worked out once and kept by whoever asks, until this number changes.
COUNTED = ("role_grant", "member_role")
COUNT = """CREATE FUNCTION core.count_rights() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog AS $$
    BEGIN
        UPDATE core.tenant SET rights = rights + 1 WHERE id IN (SELECT tenant_id FROM changed);
        RETURN NULL;
    END $$"""
GRANTS_OF = """CREATE FUNCTION core.grants_of(tenant bigint, member uuid, day date) RETURNS text[]
    AS $$ SELECT coalesce(array_agg(DISTINCT g.permission ORDER BY g.permission), '{}') FROM core.member_role mr
        JOIN core.role_grant g ON g.tenant_id = mr.tenant_id AND g.role_id = mr.role_id
        WHERE mr.tenant_id = tenant AND mr.membership_id = member
            AND (mr.valid_from IS NULL OR mr.valid_from <= day) AND (mr.valid_to IS NULL OR mr.valid_to >= day) $$
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog"""

OLD_COLUMNS = "t.id, t.slug, t.name, t.country, t.language, t.timezone, t.currency, t.lineup_key, t.tailoring, t.brand"
OLD_RESULT = """tenant_id bigint, slug text, tenant_name text, country text, tenant_language text,
    timezone text, currency text, lineup_key text, tailoring bigint, brand jsonb"""
NEW_COLUMNS = OLD_COLUMNS + ", t.policy"
NEW_RESULT = OLD_RESULT + ", policy jsonb"
OLD_RIGHTS = """coalesce((SELECT array_agg(DISTINCT g.permission ORDER BY g.permission) FROM core.member_role mr
    JOIN core.role_grant g ON g.tenant_id = mr.tenant_id AND g.role_id = mr.role_id
    WHERE mr.tenant_id = m.tenant_id AND mr.membership_id = m.id), '{}')"""
NEW_RIGHTS = "t.rights"


def _lookups(columns: str, result: str, rights: str, started: str, started_result: str) -> dict[str, str]:
    return {
        "memberships_of(who uuid)": f"""RETURNS TABLE ({result})
        AS $$ SELECT {columns} FROM core.membership m JOIN core.tenant t ON t.id = m.tenant_id
        WHERE m.user_id = who AND m.state = 'active' AND t.state = 'active' ORDER BY t.name $$""",
        "open_session(session_id bytea, tenant_slug text, moment timestamptz)": f"""RETURNS TABLE (
            data jsonb, seen_at timestamptz, user_id uuid, email text, user_name text, user_language text, theme text,
            {result}, membership_id uuid{", grants text[]" if rights == OLD_RIGHTS else ", rights bigint"},
            preferences jsonb{started_result})
        AS $$ SELECT s.data, s.seen_at, u.id, u.email, u.name, u.language, u.theme, {columns}, m.id,
            CASE WHEN m.id IS NULL THEN NULL ELSE {rights} END, u.preferences{started}
        FROM core.session s
        LEFT JOIN core."user" u ON u.id = s.user_id AND u.disabled_at IS NULL
        LEFT JOIN (core.tenant t JOIN core.membership m ON m.tenant_id = t.id AND m.state = 'active')
            ON t.slug = tenant_slug AND t.state = 'active' AND m.user_id = u.id
        WHERE s.id = session_id AND s.expires_at > moment $$""",
        "open_token(token_hash bytea, moment timestamptz)": f"""RETURNS TABLE (
            token_id uuid, used_at timestamptz, token_grants text[], user_id uuid, email text, user_name text,
            user_language text, {result}, membership_id uuid,
            {"grants text[]" if rights == OLD_RIGHTS else "rights bigint"})
        AS $$ SELECT k.id, k.used_at, k.grants, u.id, u.email, u.name, u.language, {columns}, m.id, {rights}
        FROM core.api_token k
        JOIN core."user" u ON u.id = k.user_id AND u.disabled_at IS NULL
        JOIN core.membership m ON m.tenant_id = k.tenant_id AND m.user_id = k.user_id AND m.state = 'active'
        JOIN core.tenant t ON t.id = k.tenant_id AND t.state = 'active'
        WHERE k.secret_hash = token_hash AND k.revoked_at IS NULL
            AND (k.expires_at IS NULL OR k.expires_at > moment) $$""",
        "open_invitation(token_hash bytea, moment timestamptz)": f"""RETURNS TABLE (
            invitation_id uuid, email text, role_keys text[], invited_by uuid, {result})
        AS $$ SELECT i.id, i.email, i.role_keys, i.invited_by, {columns}
        FROM core.invitation i JOIN core.tenant t ON t.id = i.tenant_id AND t.state = 'active'
        WHERE i.secret_hash = token_hash AND i.accepted_at IS NULL AND i.revoked_at IS NULL
            AND i.expires_at > moment $$""",
    }


def upgrade() -> None:
    op.execute("ALTER TABLE core.tenant ADD COLUMN rights bigint NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE core.tenant ADD COLUMN policy jsonb NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE core.member_role ADD COLUMN valid_from date")
    op.execute("ALTER TABLE core.member_role ADD COLUMN valid_to date")
    for column in ("job_title text NOT NULL DEFAULT ''", "phone text NOT NULL DEFAULT ''",
                   "signature text NOT NULL DEFAULT ''", "avatar uuid"):  # fmt: skip
        op.execute(f"ALTER TABLE core.membership ADD COLUMN {column}")
    op.execute("""ALTER TABLE core."user" ADD COLUMN folded text NOT NULL DEFAULT ''""")
    op.execute("""UPDATE core."user" SET folded = lower(name)""")
    op.execute(PERSON)
    for name, columns in TENANT_TABLES.items():
        op.execute(
            f"""CREATE TABLE core.{name} (tenant_id bigint NOT NULL, {columns},
            CONSTRAINT fk_{name}_tenant_id FOREIGN KEY (tenant_id) REFERENCES core.tenant (id) ON DELETE CASCADE)"""
        )
        op.execute(f"ALTER TABLE core.{name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE core.{name} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON core.{name} USING (tenant_id = core.tid()) WITH CHECK (tenant_id = core.tid())"
        )
    for statement in INDEXES:
        op.execute(statement)
    op.execute(COUNT)
    op.execute("REVOKE ALL ON FUNCTION core.count_rights() FROM PUBLIC")
    for table in COUNTED:
        for event, reference in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            op.execute(
                f"CREATE TRIGGER count_rights_{event.lower()} AFTER {event} ON core.{table}"
                f" REFERENCING {reference} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_rights()"
            )
    op.execute("GRANT CREATE ON SCHEMA core TO diwan_lookup")
    op.execute(GRANTS_OF)
    op.execute("REVOKE ALL ON FUNCTION core.grants_of(bigint, uuid, date) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION core.grants_of(bigint, uuid, date) TO diwan_app")
    op.execute("ALTER FUNCTION core.grants_of(bigint, uuid, date) OWNER TO diwan_lookup")
    op.execute("REVOKE CREATE ON SCHEMA core FROM diwan_lookup")
    _replace(_lookups(NEW_COLUMNS, NEW_RESULT, NEW_RIGHTS, ", s.created_at", ", created_at timestamptz"))


def downgrade() -> None:
    _replace(_lookups(OLD_COLUMNS, OLD_RESULT, OLD_RIGHTS, "", ""))
    op.execute("SET LOCAL ROLE diwan_lookup")
    op.execute("DROP FUNCTION core.grants_of(bigint, uuid, date)")
    op.execute("SET LOCAL ROLE NONE")
    for table in COUNTED:
        for event in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER count_rights_{event} ON core.{table}")
    op.execute("DROP FUNCTION core.count_rights()")
    op.execute("ALTER TABLE core.tenant DROP COLUMN rights")
    op.execute("DROP VIEW core.person")
    op.execute("""ALTER TABLE core."user" DROP COLUMN folded""")
    for name in reversed(TENANT_TABLES):
        op.execute(f"DROP TABLE core.{name}")
    for column in ("job_title", "phone", "signature", "avatar"):
        op.execute(f"ALTER TABLE core.membership DROP COLUMN {column}")
    op.execute("ALTER TABLE core.member_role DROP COLUMN valid_from")
    op.execute("ALTER TABLE core.member_role DROP COLUMN valid_to")
    op.execute("ALTER TABLE core.tenant DROP COLUMN policy")


def _replace(lookups: dict[str, str]) -> None:
    """Drop and make the functions anew, in this one transaction: their result types change."""
    op.execute("SET LOCAL ROLE diwan_lookup")
    for signature in lookups:
        op.execute(f"DROP FUNCTION core.{_typed(signature)}")
    op.execute("SET LOCAL ROLE NONE")
    op.execute("GRANT CREATE ON SCHEMA core TO diwan_lookup")
    for signature, body in lookups.items():
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
