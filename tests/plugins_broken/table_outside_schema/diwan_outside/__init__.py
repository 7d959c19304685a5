"""Makes a table in the core's schema."""

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Table

from diwan.db.base import metadata
from diwan.plugin import Plugin

plugin = Plugin(__name__)

intruder = Table(
    "intruder",
    metadata,
    Column("tenant_id", BigInteger, primary_key=True),
    ForeignKeyConstraint(["tenant_id"], ["core.tenant.id"], ondelete="CASCADE"),
    schema="core",
)
