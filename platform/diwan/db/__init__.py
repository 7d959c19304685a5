"""The database: one MetaData, tenant scope, unit of work, migrations.

Areas reach tenant data through here only; nothing in this package knows Flask.
"""

from diwan.db.context import Actor, Tenant, current, scope
from diwan.db.session import after_commit, enter_tenant, unit_of_work

__all__ = ["Actor", "Tenant", "after_commit", "current", "enter_tenant", "scope", "unit_of_work"]
