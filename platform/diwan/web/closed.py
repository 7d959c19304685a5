"""What a member sees of a business that its owner has closed, until it is erased; `keeping` is where its button leads.

It must show nothing of what is in it, and nothing to anybody else.
"""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from diwan.db.base import now
from diwan.kit import formats
from diwan.leaving import closing
from diwan.web.sessions import SignedIn


def show(me: SignedIn, address: str) -> ResponseReturnValue | None:
    """Return the page of a closed business for a member; None for anybody else."""
    found = closing.of_member(me.id, address)
    if found is None:
        return None
    over = found.closes_at <= now()
    page = render_template(
        "closed.html", business=found.name, day=formats.moment(found.closes_at), over=over,
        keep_action=f"/closed/{address}/keep" if found.owner and not over else "",
    )  # fmt: skip
    return page, 403
