"""One's own account: devices that a person signed in with, the country of a session, links that change an address."""

from alembic import op

revision = "core0005"
down_revision = "core0004"
branch_labels = None
depends_on = None

OLD_PURPOSES = "'sign_up', 'reset'"
NEW_PURPOSES = OLD_PURPOSES + ", 'email', 'email_undo'"


def upgrade() -> None:
    op.execute(
        """CREATE TABLE core.device (
        user_id uuid NOT NULL, digest bytea NOT NULL, first_seen_at timestamptz NOT NULL, seen_at timestamptz NOT NULL,
        CONSTRAINT pk_device PRIMARY KEY (user_id, digest),
        CONSTRAINT fk_device_user_id FOREIGN KEY (user_id) REFERENCES core."user" (id) ON DELETE CASCADE)"""
    )
    op.execute("CREATE INDEX ix_device_seen_at ON core.device (seen_at)")
    op.execute("ALTER TABLE core.session ADD COLUMN country text NOT NULL DEFAULT ''")
    _purposes(NEW_PURPOSES)


def downgrade() -> None:
    op.execute(f"DELETE FROM core.challenge WHERE purpose NOT IN ({OLD_PURPOSES})")
    _purposes(OLD_PURPOSES)
    op.execute("ALTER TABLE core.session DROP COLUMN country")
    op.execute("DROP TABLE core.device")


def _purposes(allowed: str) -> None:
    op.execute("ALTER TABLE core.challenge DROP CONSTRAINT ck_challenge_purpose")
    op.execute(f"ALTER TABLE core.challenge ADD CONSTRAINT ck_challenge_purpose CHECK (purpose IN ({allowed}))")
