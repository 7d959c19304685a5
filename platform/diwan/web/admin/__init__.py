"""Pages of a business's administrators: people, roles, modules, settings, API tokens, audit log.

Each view checks its permission first; the rules are in the services.
"""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Bind the pages."""
    from diwan.web.admin import (
        audit_log,
        custom_fields,
        data,
        inviting,
        modules,
        offboarding,
        people,
        person,
        policy,
        role_compare,  # noqa: F401  (its page belongs to the roles)
        roles,
        settings,
        support,
        teams,
        tokens,
        why,
    )

    for part in (
        data, people, inviting, teams, offboarding, person, why, policy, roles, modules, settings, support,
        custom_fields, tokens, audit_log,
    ):  # fmt: skip
        app.register_blueprint(part.pages)
