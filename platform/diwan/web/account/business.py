"""What one business shows of a person, changed by that person; and the pictures of its people.

Any member may see the pictures, nobody else; a person changes only what is their own.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, request, send_file
from flask.typing import ResponseReturnValue

from diwan import files
from diwan.db import current
from diwan.errors import DiwanError, Invalid, Refuse, TooLarge
from diwan.kit.i18n import _
from diwan.kit.phones import show_phone
from diwan.tenants import profile
from diwan.web.account import frame
from diwan.web.shell import home, render, tell

pages = Blueprint("member_profile", __name__, url_prefix="/t/<slug>")
FOR_EVER = "private, max-age=31536000, immutable"


def avatar_href(file_id: UUID | None) -> str | None:
    """Return the address of a person's picture in the open business."""
    return f"{home()}/avatars/{file_id}" if file_id else None


@pages.get("/profile")
def index(error: DiwanError | None = None, **_slug: str) -> ResponseReturnValue:
    member = profile.mine()
    errors = dict(error.errors) if isinstance(error, Invalid) else {}
    page = render(
        "profile.html",
        [(_("My profile"), "")],
        action=f"{home()}/profile",
        picture=avatar_href(member.avatar),
        picture_error=errors.pop("avatar", None),
        card=frame.card("profile", _fields(member), Invalid(errors) if errors else None),
        error=error.message if error is not None and not isinstance(error, Invalid) else None,
        account_href=f"/account/profile?from={current.tenant.slug}",
    )
    return page, error.status if error else 200


@pages.post("/profile")
def save(**_slug: str) -> ResponseReturnValue:
    typed, upload = request.form, request.files.get("avatar")
    try:
        if "remove_avatar" in typed:
            profile.remove_avatar()
        else:
            profile.change(typed.get("job_title", ""), typed.get("phone", ""), typed.get("signature", ""))
            if upload is not None and upload.filename:
                profile.set_avatar(upload.stream, upload.filename)
    except (Invalid, Refuse, TooLarge) as error:
        current.session.rollback()
        return index(error)
    tell("ok", _("Your profile was saved."))
    return redirect(f"{home()}/profile", 303)


@pages.get("/avatars/<uuid:id>")
def avatar(id: UUID, **_slug: str) -> Response:
    stored = profile.avatar(id)
    # Another picture is another file with another address.
    answer = send_file(files.path_of(stored.id), mimetype=stored.mime, download_name="avatar")
    answer.headers["Cache-Control"] = FOR_EVER
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _fields(member: Any) -> list[dict[str, Any]]:
    typed = request.form
    return [
        {"name": "job_title", "kind": "text", "label": _("Job title"), "maxlength": profile.LONGEST_TITLE,
         "value": typed.get("job_title", member.job_title), "autocomplete": "organization-title"},
        {"name": "phone", "kind": "phone", "label": _("Phone"), "autocomplete": "tel",
         "value": typed.get("phone", show_phone(member.phone, current.tenant.country))},
        {"name": "signature", "kind": "longtext", "label": _("Signature"), "rows": 4,
         "maxlength": profile.LONGEST_SIGNATURE, "value": typed.get("signature", member.signature),
         "help": _("How you close a letter here: name, place, hours. Plain text.")},
    ]  # fmt: skip
