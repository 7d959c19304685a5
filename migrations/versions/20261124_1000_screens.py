"""What people put around records and screens: custom fields, views, preferences, comments, tasks, tags, numbers."""

from alembic import op

revision = "core0002"
down_revision = "core0001"
branch_labels = None
depends_on = None

# name -> columns and constraints after "tenant_id bigint NOT NULL"
TENANT_TABLES = {
    "custom_field": """id uuid NOT NULL, resource text NOT NULL, name text NOT NULL, kind text NOT NULL,
        label jsonb NOT NULL, help jsonb NOT NULL DEFAULT '{}', options jsonb NOT NULL DEFAULT '{}',
        position bigint NOT NULL DEFAULT 0, created_at timestamptz NOT NULL, archived_at timestamptz,
        CONSTRAINT pk_custom_field PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_custom_field_name UNIQUE (tenant_id, resource, name)""",
    "preference": """user_id uuid NOT NULL, key text NOT NULL, value jsonb NOT NULL, updated_at timestamptz NOT NULL,
        CONSTRAINT pk_preference PRIMARY KEY (tenant_id, user_id, key),
        CONSTRAINT fk_preference_user_id FOREIGN KEY (user_id) REFERENCES core."user" (id) ON DELETE CASCADE""",
    "saved_view": """id uuid NOT NULL, resource text NOT NULL, name text NOT NULL, owner_id uuid NOT NULL,
        shared boolean NOT NULL DEFAULT false, is_default boolean NOT NULL DEFAULT false,
        position bigint NOT NULL DEFAULT 0, definition jsonb NOT NULL, created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT pk_saved_view PRIMARY KEY (tenant_id, id)""",
    "sequence": """key text NOT NULL, period text NOT NULL, next bigint NOT NULL,
        CONSTRAINT pk_sequence PRIMARY KEY (tenant_id, key, period),
        CONSTRAINT ck_sequence_next CHECK (next > 0)""",
    "comment": """id uuid NOT NULL, resource text NOT NULL, record_id uuid NOT NULL, author_id uuid,
        author_name text NOT NULL, body text NOT NULL, mentions uuid[] NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL, edited_at timestamptz, deleted_at timestamptz,
        CONSTRAINT pk_comment PRIMARY KEY (tenant_id, id),
        CONSTRAINT ck_comment_body CHECK (length(body) <= 20000)""",
    "follower": """resource text NOT NULL, record_id uuid NOT NULL, user_id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_follower PRIMARY KEY (tenant_id, resource, record_id, user_id),
        CONSTRAINT fk_follower_user_id FOREIGN KEY (user_id) REFERENCES core."user" (id) ON DELETE CASCADE""",
    "attachment": """id uuid NOT NULL, resource text NOT NULL, record_id uuid NOT NULL, file_id uuid NOT NULL,
        created_by uuid, created_at timestamptz NOT NULL,
        CONSTRAINT pk_attachment PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_attachment_file_id FOREIGN KEY (tenant_id, file_id)
            REFERENCES core.file (tenant_id, id) ON DELETE CASCADE""",
    "task": """id uuid NOT NULL, resource text NOT NULL DEFAULT '', record_id uuid,
        record_title text NOT NULL DEFAULT '', title text NOT NULL, note text NOT NULL DEFAULT '',
        assignee_id uuid, due_at timestamptz, remind_at timestamptz, reminded_at timestamptz,
        done_at timestamptz, done_by uuid, created_by uuid, created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL, version bigint NOT NULL DEFAULT 1,
        CONSTRAINT pk_task PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_task_assignee_id FOREIGN KEY (assignee_id) REFERENCES core."user" (id) ON DELETE RESTRICT""",
    "tag": """id uuid NOT NULL, name text NOT NULL, folded text NOT NULL, tone text NOT NULL DEFAULT 'mute',
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_tag PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_tag_folded UNIQUE (tenant_id, folded)""",
    "record_tag": """resource text NOT NULL, record_id uuid NOT NULL, tag_id uuid NOT NULL,
        CONSTRAINT pk_record_tag PRIMARY KEY (tenant_id, resource, record_id, tag_id),
        CONSTRAINT fk_record_tag_tag_id FOREIGN KEY (tenant_id, tag_id)
            REFERENCES core.tag (tenant_id, id) ON DELETE CASCADE""",
    "favourite": """user_id uuid NOT NULL, resource text NOT NULL, record_id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_favourite PRIMARY KEY (tenant_id, user_id, resource, record_id),
        CONSTRAINT fk_favourite_user_id FOREIGN KEY (user_id) REFERENCES core."user" (id) ON DELETE CASCADE""",
    "visit": """user_id uuid NOT NULL, resource text NOT NULL, record_id uuid NOT NULL, seen_at timestamptz NOT NULL,
        CONSTRAINT pk_visit PRIMARY KEY (tenant_id, user_id, resource, record_id),
        CONSTRAINT fk_visit_user_id FOREIGN KEY (user_id) REFERENCES core."user" (id) ON DELETE CASCADE""",
    "notification": """id uuid NOT NULL, user_id uuid NOT NULL, kind text NOT NULL, resource text NOT NULL DEFAULT '',
        record_id uuid, title text NOT NULL, body text NOT NULL DEFAULT '', actor_id uuid,
        actor_name text NOT NULL DEFAULT '', created_at timestamptz NOT NULL, read_at timestamptz,
        CONSTRAINT pk_notification PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_notification_user_id FOREIGN KEY (user_id) REFERENCES core."user" (id) ON DELETE CASCADE""",
    "draft": """user_id uuid NOT NULL, resource text NOT NULL, record_id uuid NOT NULL, version bigint,
        values jsonb NOT NULL, saved_at timestamptz NOT NULL,
        CONSTRAINT pk_draft PRIMARY KEY (tenant_id, user_id, resource, record_id),
        CONSTRAINT fk_draft_user_id FOREIGN KEY (user_id) REFERENCES core."user" (id) ON DELETE CASCADE""",
    "undo_step": """id uuid NOT NULL, user_id uuid NOT NULL, resource text NOT NULL, label text NOT NULL,
        changes jsonb NOT NULL, created_at timestamptz NOT NULL, undone_at timestamptz,
        CONSTRAINT pk_undo_step PRIMARY KEY (tenant_id, id)""",
    "idempotency_key": """user_id uuid NOT NULL, key_hash bytea NOT NULL, request_hash bytea NOT NULL,
        status bigint, headers jsonb NOT NULL DEFAULT '{}', body bytea, created_at timestamptz NOT NULL,
        CONSTRAINT pk_idempotency_key PRIMARY KEY (tenant_id, user_id, key_hash)""",
}

INDEXES = [
    "CREATE INDEX ix_saved_view_resource ON core.saved_view (tenant_id, resource, position)",
    "CREATE INDEX ix_comment_record ON core.comment (tenant_id, resource, record_id, id)",
    "CREATE INDEX ix_follower_user ON core.follower (tenant_id, user_id)",
    "CREATE INDEX ix_attachment_record ON core.attachment (tenant_id, resource, record_id, id)",
    "CREATE INDEX ix_attachment_file ON core.attachment (tenant_id, file_id)",
    "CREATE INDEX ix_task_record ON core.task (tenant_id, resource, record_id, id)",
    "CREATE INDEX ix_task_assignee ON core.task (tenant_id, assignee_id, done_at, due_at)",
    "CREATE INDEX ix_task_remind ON core.task (tenant_id, remind_at) WHERE reminded_at IS NULL AND done_at IS NULL",
    "CREATE INDEX ix_record_tag_tag ON core.record_tag (tenant_id, tag_id, resource, record_id)",
    "CREATE INDEX ix_visit_seen ON core.visit (tenant_id, user_id, seen_at)",
    "CREATE INDEX ix_notification_user ON core.notification (tenant_id, user_id, id)",
    "CREATE INDEX ix_notification_unread ON core.notification (tenant_id, user_id) WHERE read_at IS NULL",
    "CREATE INDEX ix_idempotency_key_created ON core.idempotency_key (tenant_id, created_at)",
    "CREATE INDEX ix_undo_step_user ON core.undo_step (tenant_id, user_id, id)",
]

OLD_COLUMNS = "t.id, t.slug, t.name, t.country, t.language, t.timezone, t.currency, t.lineup_key"
OLD_RESULT = """tenant_id bigint, slug text, tenant_name text, country text, tenant_language text,
    timezone text, currency text, lineup_key text"""
NEW_COLUMNS = OLD_COLUMNS + ", t.tailoring, t.brand"
NEW_RESULT = OLD_RESULT + ", tailoring bigint, brand jsonb"
GRANTS = """coalesce((SELECT array_agg(DISTINCT g.permission ORDER BY g.permission) FROM core.member_role mr
    JOIN core.role_grant g ON g.tenant_id = mr.tenant_id AND g.role_id = mr.role_id
    WHERE mr.tenant_id = m.tenant_id AND mr.membership_id = m.id), '{}')"""


def _lookups(columns: str, result: str, person: str, person_result: str) -> dict[str, str]:
    return {
        "memberships_of(who uuid)": f"""RETURNS TABLE ({result})
        AS $$ SELECT {columns} FROM core.membership m JOIN core.tenant t ON t.id = m.tenant_id
        WHERE m.user_id = who AND m.state = 'active' AND t.state = 'active' ORDER BY t.name $$""",
        "open_session(session_id bytea, tenant_slug text, moment timestamptz)": f"""RETURNS TABLE (
            data jsonb, seen_at timestamptz, user_id uuid, email text, user_name text, user_language text, theme text,
            {result}, membership_id uuid, grants text[]{person_result})
        AS $$ SELECT s.data, s.seen_at, u.id, u.email, u.name, u.language, u.theme, {columns}, m.id,
            CASE WHEN m.id IS NULL THEN NULL ELSE {GRANTS} END{person}
        FROM core.session s
        LEFT JOIN core."user" u ON u.id = s.user_id AND u.disabled_at IS NULL
        LEFT JOIN (core.tenant t JOIN core.membership m ON m.tenant_id = t.id AND m.state = 'active')
            ON t.slug = tenant_slug AND t.state = 'active' AND m.user_id = u.id
        WHERE s.id = session_id AND s.expires_at > moment $$""",
        "open_token(token_hash bytea, moment timestamptz)": f"""RETURNS TABLE (
            token_id uuid, used_at timestamptz, token_grants text[], user_id uuid, email text, user_name text,
            user_language text, {result}, membership_id uuid, grants text[])
        AS $$ SELECT k.id, k.used_at, k.grants, u.id, u.email, u.name, u.language, {columns}, m.id, {GRANTS}
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


TODAY = """CREATE FUNCTION core.today() RETURNS date LANGUAGE sql STABLE AS $$
    SELECT (now() AT TIME ZONE coalesce((SELECT timezone FROM core.tenant WHERE id = core.tid()), 'UTC'))::date $$"""
"""The day where the open tenant is."""


def upgrade() -> None:
    op.execute("ALTER TABLE core.tenant ADD COLUMN tailoring bigint NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE core.tenant ADD COLUMN brand jsonb NOT NULL DEFAULT '{}'")
    op.execute("""ALTER TABLE core."user" ADD COLUMN preferences jsonb NOT NULL DEFAULT '{}'""")
    # The files of old imports are deleted; what the imports did stays known.
    op.execute("ALTER TABLE core.import_run ALTER COLUMN file_id DROP NOT NULL")
    op.execute(TODAY)
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
    _replace(_lookups(NEW_COLUMNS, NEW_RESULT, ", u.preferences", ", preferences jsonb"))
    # For a word that it thinks frequent the planner would read the whole table in the hope of meeting it soon; a rare
    # one then took a second among a million records. Bitmaps leave only the text index.
    _search("SET enable_seqscan = off SET enable_indexscan = off")


def downgrade() -> None:
    _search("RESET enable_seqscan RESET enable_indexscan")
    _replace(_lookups(OLD_COLUMNS, OLD_RESULT, "", ""))
    for name in reversed(TENANT_TABLES):
        op.execute(f"DROP TABLE core.{name}")
    op.execute("DROP FUNCTION core.today()")
    op.execute("ALTER TABLE core.import_run NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM core.import_run WHERE file_id IS NULL")
    op.execute("ALTER TABLE core.import_run FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE core.import_run ALTER COLUMN file_id SET NOT NULL")
    op.execute("""ALTER TABLE core."user" DROP COLUMN preferences""")
    op.execute("ALTER TABLE core.tenant DROP COLUMN brand")
    op.execute("ALTER TABLE core.tenant DROP COLUMN tailoring")


def _search(change: str) -> None:
    op.execute("SET LOCAL ROLE diwan_lookup")
    op.execute(f"ALTER FUNCTION core.search(text[], tsquery, int) {change}")
    op.execute("SET LOCAL ROLE NONE")


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
