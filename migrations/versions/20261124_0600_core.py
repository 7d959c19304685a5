"""The core's tables: tenants, people, roles, plugins, audit, outbox, search, files, imports."""

from alembic import op

revision = "core0001"
down_revision = None
branch_labels = None
depends_on = None

GLOBAL_TABLES = [
    """CREATE TABLE core.tenant (
        id bigint GENERATED ALWAYS AS IDENTITY,
        slug text NOT NULL, name text NOT NULL, country text NOT NULL, language text NOT NULL,
        timezone text NOT NULL, currency text NOT NULL, lineup_key text NOT NULL DEFAULT '',
        state text NOT NULL DEFAULT 'active', created_at timestamptz NOT NULL,
        CONSTRAINT pk_tenant PRIMARY KEY (id),
        CONSTRAINT uq_tenant_slug UNIQUE (slug),
        CONSTRAINT ck_tenant_slug CHECK (slug ~ '^[a-z0-9](-?[a-z0-9])*$' AND length(slug) <= 40),
        CONSTRAINT ck_tenant_country CHECK (country ~ '^[A-Z]{2}$'),
        CONSTRAINT ck_tenant_currency CHECK (currency ~ '^[A-Z]{3}$'),
        CONSTRAINT ck_tenant_state CHECK (state IN ('active', 'suspended', 'closing')))""",
    """CREATE TABLE core."user" (
        id uuid NOT NULL, email text NOT NULL, name text NOT NULL, password_hash text NOT NULL DEFAULT '',
        language text NOT NULL DEFAULT 'en', theme text NOT NULL DEFAULT 'auto', email_verified_at timestamptz,
        created_at timestamptz NOT NULL, seen_at timestamptz, disabled_at timestamptz,
        CONSTRAINT pk_user PRIMARY KEY (id),
        CONSTRAINT uq_user_email UNIQUE (email),
        CONSTRAINT ck_user_email CHECK (email = lower(email) AND length(email) <= 254))""",
    """CREATE TABLE core.session (
        id bytea NOT NULL, user_id uuid, data jsonb NOT NULL DEFAULT '{}', ip text NOT NULL DEFAULT '',
        user_agent text NOT NULL DEFAULT '', created_at timestamptz NOT NULL, seen_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT pk_session PRIMARY KEY (id),
        CONSTRAINT fk_session_user_id FOREIGN KEY (user_id) REFERENCES core."user" (id) ON DELETE CASCADE)""",
    "CREATE INDEX ix_session_user_id ON core.session (user_id)",
    "CREATE INDEX ix_session_expires_at ON core.session (expires_at)",
    """CREATE TABLE core.challenge (
        id uuid NOT NULL, purpose text NOT NULL, email text NOT NULL, secret_hash bytea NOT NULL,
        data jsonb NOT NULL DEFAULT '{}', attempts int NOT NULL DEFAULT 0, created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL, used_at timestamptz,
        CONSTRAINT pk_challenge PRIMARY KEY (id),
        CONSTRAINT ck_challenge_purpose CHECK (purpose IN ('sign_up', 'reset')))""",
    "CREATE INDEX ix_challenge_email ON core.challenge (email, purpose)",
    "CREATE INDEX ix_challenge_expires_at ON core.challenge (expires_at)",
    "CREATE INDEX ix_challenge_secret ON core.challenge (secret_hash)",
    """CREATE TABLE core.throttle (
        key bytea NOT NULL, hits int NOT NULL, at timestamptz NOT NULL,
        CONSTRAINT pk_throttle PRIMARY KEY (key))""",
    "CREATE INDEX ix_throttle_at ON core.throttle (at)",
    """CREATE TABLE core.plugin (
        name text NOT NULL, state text NOT NULL, version text NOT NULL DEFAULT '', revision text NOT NULL DEFAULT '',
        tables jsonb NOT NULL DEFAULT '[]', problems jsonb NOT NULL DEFAULT '[]', updated_at timestamptz NOT NULL,
        CONSTRAINT pk_plugin PRIMARY KEY (name))""",
    """CREATE TABLE core.scheduler_lease (
        name text NOT NULL, holder text NOT NULL, until timestamptz NOT NULL, checked_at timestamptz NOT NULL,
        CONSTRAINT pk_scheduler_lease PRIMARY KEY (name))""",
]

# name -> columns and constraints after "tenant_id bigint NOT NULL"
TENANT_TABLES = {
    "membership": """id uuid NOT NULL, user_id uuid NOT NULL, state text NOT NULL DEFAULT 'active',
        created_at timestamptz NOT NULL, version bigint NOT NULL DEFAULT 1,
        CONSTRAINT pk_membership PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_membership_user_id UNIQUE (tenant_id, user_id),
        CONSTRAINT ck_membership_state CHECK (state IN ('active', 'disabled')),
        CONSTRAINT fk_membership_user_id FOREIGN KEY (user_id) REFERENCES core."user" (id) ON DELETE CASCADE""",
    "role": """id uuid NOT NULL, key text NOT NULL, name text NOT NULL, plugin text NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL, version bigint NOT NULL DEFAULT 1,
        CONSTRAINT pk_role PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_role_key UNIQUE (tenant_id, key)""",
    "role_grant": """role_id uuid NOT NULL, permission text NOT NULL,
        CONSTRAINT pk_role_grant PRIMARY KEY (tenant_id, role_id, permission),
        CONSTRAINT fk_role_grant_role_id FOREIGN KEY (tenant_id, role_id)
            REFERENCES core.role (tenant_id, id) ON DELETE CASCADE""",
    "member_role": """membership_id uuid NOT NULL, role_id uuid NOT NULL,
        CONSTRAINT pk_member_role PRIMARY KEY (tenant_id, membership_id, role_id),
        CONSTRAINT fk_member_role_membership_id FOREIGN KEY (tenant_id, membership_id)
            REFERENCES core.membership (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT fk_member_role_role_id FOREIGN KEY (tenant_id, role_id)
            REFERENCES core.role (tenant_id, id) ON DELETE CASCADE""",
    "invitation": """id uuid NOT NULL, email text NOT NULL, role_keys text[] NOT NULL DEFAULT '{}',
        secret_hash bytea NOT NULL, invited_by uuid, created_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
        accepted_at timestamptz, revoked_at timestamptz,
        CONSTRAINT pk_invitation PRIMARY KEY (tenant_id, id)""",
    "api_token": """id uuid NOT NULL, user_id uuid NOT NULL, name text NOT NULL, prefix text NOT NULL,
        secret_hash bytea NOT NULL, grants text[] NOT NULL DEFAULT '{*}', created_at timestamptz NOT NULL,
        expires_at timestamptz, used_at timestamptz, revoked_at timestamptz,
        CONSTRAINT pk_api_token PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_api_token_user_id FOREIGN KEY (user_id) REFERENCES core."user" (id) ON DELETE CASCADE""",
    "tenant_plugin": """plugin text NOT NULL, state text NOT NULL DEFAULT 'on', version text NOT NULL DEFAULT '',
        enabled_at timestamptz NOT NULL, enabled_by uuid, first_enabled_at timestamptz NOT NULL,
        CONSTRAINT pk_tenant_plugin PRIMARY KEY (tenant_id, plugin),
        CONSTRAINT ck_tenant_plugin_state CHECK (state IN ('on', 'off'))""",
    "setting": """plugin text NOT NULL, values jsonb NOT NULL DEFAULT '{}', version bigint NOT NULL DEFAULT 1,
        CONSTRAINT pk_setting PRIMARY KEY (tenant_id, plugin)""",
    "audit_entry": """id uuid NOT NULL, at timestamptz NOT NULL, actor_id uuid, actor_name text NOT NULL DEFAULT '',
        actor_kind text NOT NULL DEFAULT 'user', request_id text NOT NULL DEFAULT '', action text NOT NULL,
        resource text NOT NULL DEFAULT '', record_id uuid, title text NOT NULL DEFAULT '',
        before jsonb, after jsonb,
        CONSTRAINT pk_audit_entry PRIMARY KEY (tenant_id, id)""",
    "outbox": """id uuid NOT NULL, kind text NOT NULL, name text NOT NULL, payload jsonb NOT NULL DEFAULT '{}',
        state text NOT NULL DEFAULT 'ready', attempts int NOT NULL DEFAULT 0, fence bigint NOT NULL DEFAULT 0,
        available_at timestamptz NOT NULL, lease_until timestamptz, error text NOT NULL DEFAULT '',
        progress jsonb, actor_id uuid, language text NOT NULL DEFAULT '', created_at timestamptz NOT NULL,
        finished_at timestamptz,
        CONSTRAINT pk_outbox PRIMARY KEY (tenant_id, id),
        CONSTRAINT ck_outbox_state CHECK (state IN ('ready', 'leased', 'done', 'parked', 'cancelled'))""",
    "search_entry": """resource text NOT NULL, record_id uuid NOT NULL, title text NOT NULL, words tsvector NOT NULL,
        CONSTRAINT pk_search_entry PRIMARY KEY (tenant_id, resource, record_id)""",
    "file": """id uuid NOT NULL, name text NOT NULL, mime text NOT NULL, size bigint NOT NULL, sha256 bytea NOT NULL,
        purpose text NOT NULL DEFAULT '', created_by uuid, created_at timestamptz NOT NULL,
        CONSTRAINT pk_file PRIMARY KEY (tenant_id, id)""",
    "import_run": """id uuid NOT NULL, resource text NOT NULL, file_id uuid NOT NULL, file_name text NOT NULL,
        encoding text NOT NULL DEFAULT '', delimiter text NOT NULL DEFAULT '', mapping jsonb NOT NULL DEFAULT '{}',
        defaults jsonb NOT NULL DEFAULT '{}', match_field text NOT NULL DEFAULT '', mode text NOT NULL DEFAULT 'update',
        state text NOT NULL DEFAULT 'uploaded', total bigint NOT NULL DEFAULT 0, done bigint NOT NULL DEFAULT 0,
        created bigint NOT NULL DEFAULT 0, updated bigint NOT NULL DEFAULT 0, skipped bigint NOT NULL DEFAULT 0,
        failed bigint NOT NULL DEFAULT 0, error text NOT NULL DEFAULT '', job_id uuid, created_by uuid,
        created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, started_at timestamptz,
        finished_at timestamptz,
        CONSTRAINT pk_import_run PRIMARY KEY (tenant_id, id),
        CONSTRAINT ck_import_run_mode CHECK (mode IN ('update', 'skip', 'create')),
        CONSTRAINT fk_import_run_file_id FOREIGN KEY (tenant_id, file_id)
            REFERENCES core.file (tenant_id, id) ON DELETE RESTRICT""",
    "import_row": """run_id uuid NOT NULL, number bigint NOT NULL, outcome text NOT NULL, record_id uuid,
        before jsonb, version bigint, problem text NOT NULL DEFAULT '', cells jsonb,
        CONSTRAINT pk_import_row PRIMARY KEY (tenant_id, run_id, number),
        CONSTRAINT fk_import_row_run_id FOREIGN KEY (tenant_id, run_id)
            REFERENCES core.import_run (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT ck_import_row_outcome CHECK (outcome IN
            ('created', 'updated', 'skipped', 'failed', 'undone', 'kept'))""",
}

INDEXES = [
    "CREATE INDEX ix_membership_user ON core.membership (user_id)",
    "CREATE INDEX ix_member_role_role ON core.member_role (tenant_id, role_id)",
    "CREATE INDEX ix_invitation_secret ON core.invitation (secret_hash)",
    "CREATE INDEX ix_invitation_email ON core.invitation (tenant_id, email)",
    "CREATE INDEX ix_api_token_secret ON core.api_token (secret_hash)",
    "CREATE INDEX ix_api_token_user ON core.api_token (tenant_id, user_id)",
    "CREATE INDEX ix_audit_entry_record ON core.audit_entry (tenant_id, resource, record_id, id)",
    "CREATE INDEX ix_outbox_due ON core.outbox (available_at) WHERE state = 'ready'",
    "CREATE INDEX ix_outbox_leased ON core.outbox (lease_until) WHERE state = 'leased'",
    "CREATE INDEX ix_search_entry_words ON core.search_entry USING gin (words)",
    "CREATE INDEX ix_import_run_created ON core.import_run (tenant_id, resource, created_at)",
    "CREATE INDEX ix_import_run_file ON core.import_run (tenant_id, file_id)",
    "CREATE INDEX ix_import_row_record ON core.import_row (tenant_id, run_id, record_id)",
]

# What diwan_lookup may see across tenants, so that the functions below can answer before a tenant is known.
LOOKUP_TABLES = ["membership", "role", "role_grant", "member_role", "invitation", "api_token", "outbox", "search_entry"]

TENANT_COLUMNS = "t.id, t.slug, t.name, t.country, t.language, t.timezone, t.currency, t.lineup_key"
TENANT_RESULT = """tenant_id bigint, slug text, tenant_name text, country text, tenant_language text,
    timezone text, currency text, lineup_key text"""
GRANTS = """coalesce((SELECT array_agg(DISTINCT g.permission ORDER BY g.permission) FROM core.member_role mr
    JOIN core.role_grant g ON g.tenant_id = mr.tenant_id AND g.role_id = mr.role_id
    WHERE mr.tenant_id = m.tenant_id AND mr.membership_id = m.id), '{}')"""

LOOKUPS = {
    "memberships_of(who uuid)": f"""RETURNS TABLE ({TENANT_RESULT})
        AS $$ SELECT {TENANT_COLUMNS} FROM core.membership m JOIN core.tenant t ON t.id = m.tenant_id
        WHERE m.user_id = who AND m.state = 'active' AND t.state = 'active' ORDER BY t.name $$""",
    "open_session(session_id bytea, tenant_slug text, moment timestamptz)": f"""RETURNS TABLE (
            data jsonb, seen_at timestamptz, user_id uuid, email text, user_name text, user_language text, theme text,
            {TENANT_RESULT}, membership_id uuid, grants text[])
        AS $$ SELECT s.data, s.seen_at, u.id, u.email, u.name, u.language, u.theme, {TENANT_COLUMNS}, m.id,
            CASE WHEN m.id IS NULL THEN NULL ELSE {GRANTS} END
        FROM core.session s
        LEFT JOIN core."user" u ON u.id = s.user_id AND u.disabled_at IS NULL
        LEFT JOIN (core.tenant t JOIN core.membership m ON m.tenant_id = t.id AND m.state = 'active')
            ON t.slug = tenant_slug AND t.state = 'active' AND m.user_id = u.id
        WHERE s.id = session_id AND s.expires_at > moment $$""",
    "open_token(token_hash bytea, moment timestamptz)": f"""RETURNS TABLE (
            token_id uuid, used_at timestamptz, token_grants text[], user_id uuid, email text, user_name text,
            user_language text, {TENANT_RESULT}, membership_id uuid, grants text[])
        AS $$ SELECT k.id, k.used_at, k.grants, u.id, u.email, u.name, u.language, {TENANT_COLUMNS}, m.id, {GRANTS}
        FROM core.api_token k
        JOIN core."user" u ON u.id = k.user_id AND u.disabled_at IS NULL
        JOIN core.membership m ON m.tenant_id = k.tenant_id AND m.user_id = k.user_id AND m.state = 'active'
        JOIN core.tenant t ON t.id = k.tenant_id AND t.state = 'active'
        WHERE k.secret_hash = token_hash AND k.revoked_at IS NULL
            AND (k.expires_at IS NULL OR k.expires_at > moment) $$""",
    "open_invitation(token_hash bytea, moment timestamptz)": f"""RETURNS TABLE (
            invitation_id uuid, email text, role_keys text[], invited_by uuid, {TENANT_RESULT})
        AS $$ SELECT i.id, i.email, i.role_keys, i.invited_by, {TENANT_COLUMNS}
        FROM core.invitation i JOIN core.tenant t ON t.id = i.tenant_id AND t.state = 'active'
        WHERE i.secret_hash = token_hash AND i.accepted_at IS NULL AND i.revoked_at IS NULL
            AND i.expires_at > moment $$""",
    "outbox_due(moment timestamptz, most int)": """RETURNS TABLE (
            tenant_id bigint, id uuid, kind text, name text, fence bigint, due_at timestamptz)
        AS $$ (SELECT o.tenant_id, o.id, o.kind, o.name, o.fence, o.available_at FROM core.outbox o
            JOIN core.tenant t ON t.id = o.tenant_id AND t.state = 'active'
            WHERE o.state = 'ready' AND o.available_at <= moment ORDER BY o.available_at LIMIT most)
        UNION ALL (SELECT o.tenant_id, o.id, o.kind, o.name, o.fence, o.lease_until FROM core.outbox o
            JOIN core.tenant t ON t.id = o.tenant_id AND t.state = 'active'
            WHERE o.state = 'leased' AND o.lease_until < moment ORDER BY o.lease_until LIMIT most) $$""",
    "search(resources text[], query tsquery, most int)": """RETURNS TABLE (resource text, record_id uuid, title text)
        AS $$ SELECT e.resource, e.record_id, e.title FROM core.search_entry e
        WHERE e.tenant_id = core.tid() AND e.resource = ANY (resources) AND e.words @@ query LIMIT most $$""",
}


def upgrade() -> None:
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    op.execute("GRANT USAGE ON SCHEMA core TO diwan_app, diwan_lookup")
    op.execute(
        "ALTER DEFAULT PRIVILEGES FOR ROLE diwan_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO diwan_app"
    )
    op.execute("ALTER DEFAULT PRIVILEGES FOR ROLE diwan_owner GRANT USAGE ON SEQUENCES TO diwan_app")
    op.execute("ALTER DEFAULT PRIVILEGES FOR ROLE diwan_owner GRANT USAGE ON SCHEMAS TO diwan_app")
    op.execute(
        """CREATE FUNCTION core.tid() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
        AS $$ SELECT current_setting('app.tenant_id')::bigint $$"""
    )
    for statement in GLOBAL_TABLES:
        op.execute(statement)
    op.execute("REVOKE INSERT, UPDATE, DELETE ON core.plugin FROM diwan_app")
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
    op.execute("REVOKE UPDATE, DELETE ON core.audit_entry FROM diwan_app")
    for statement in INDEXES:
        op.execute(statement)
    op.execute('GRANT SELECT ON core.tenant, core."user", core.session TO diwan_lookup')
    for name in LOOKUP_TABLES:
        op.execute(f"GRANT SELECT ON core.{name} TO diwan_lookup")
        op.execute(f"CREATE POLICY lookup ON core.{name} FOR SELECT TO diwan_lookup USING (true)")
    op.execute("GRANT CREATE ON SCHEMA core TO diwan_lookup")
    for signature, body in LOOKUPS.items():
        name, types = _signature(signature)
        op.execute(
            f"CREATE FUNCTION core.{signature} {body} LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog"
        )
        op.execute(f"REVOKE ALL ON FUNCTION core.{name}({types}) FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION core.{name}({types}) TO diwan_app")
        op.execute(f"ALTER FUNCTION core.{name}({types}) OWNER TO diwan_lookup")
    op.execute("REVOKE CREATE ON SCHEMA core FROM diwan_lookup")


def downgrade() -> None:
    op.execute("SET LOCAL ROLE diwan_lookup")
    for signature in reversed(LOOKUPS):
        name, types = _signature(signature)
        op.execute(f"DROP FUNCTION core.{name}({types})")
    op.execute("SET LOCAL ROLE NONE")
    for name in reversed(TENANT_TABLES):
        op.execute(f"DROP TABLE core.{name}")
    for name in ("throttle", "scheduler_lease", "plugin", "challenge", "session", '"user"', "tenant"):
        op.execute(f"DROP TABLE core.{name}")
    op.execute("DROP FUNCTION core.tid()")


def _signature(signature: str) -> tuple[str, str]:
    """Return the name and the argument types of `name(argument type, ...)`."""
    name, arguments = signature.rstrip(")").split("(")
    return name, ", ".join(argument.strip().split(" ", 1)[1] for argument in arguments.split(","))
