"""Second factors of an account: authenticator app, recovery codes, passkeys. They belong to people, not to tenants."""

from alembic import op

revision = "core0004"
down_revision = "core0003"
branch_labels = None
depends_on = None

TABLES = {
    "totp": """user_id uuid NOT NULL, secret bytea NOT NULL, last_step bigint NOT NULL,
        created_at timestamptz NOT NULL, used_at timestamptz,
        CONSTRAINT pk_totp PRIMARY KEY (user_id)""",
    "recovery_code": """user_id uuid NOT NULL, digest bytea NOT NULL, created_at timestamptz NOT NULL,
        used_at timestamptz,
        CONSTRAINT pk_recovery_code PRIMARY KEY (user_id, digest)""",
    "passkey": """id uuid NOT NULL, user_id uuid NOT NULL, credential_id bytea NOT NULL, public_key bytea NOT NULL,
        sign_count bigint NOT NULL, name text NOT NULL, transports text[] NOT NULL DEFAULT '{}',
        synced boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL, used_at timestamptz,
        CONSTRAINT pk_passkey PRIMARY KEY (id),
        CONSTRAINT uq_passkey_credential_id UNIQUE (credential_id)""",
}


def upgrade() -> None:
    for name, columns in TABLES.items():
        op.execute(
            f"""CREATE TABLE core.{name} ({columns},
            CONSTRAINT fk_{name}_user_id FOREIGN KEY (user_id) REFERENCES core."user" (id) ON DELETE CASCADE)"""
        )
    op.execute("CREATE INDEX ix_passkey_user_id ON core.passkey (user_id)")


def downgrade() -> None:
    for name in TABLES:
        op.execute(f"DROP TABLE core.{name}")
