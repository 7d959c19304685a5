"""What a business shows of a person: job title, phone, signature, picture; changed by that person alone.

It must not touch the account, which all businesses of the person share.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import IO, Any
from uuid import UUID

from sqlalchemy import select

from diwan import audit, files
from diwan.db.context import current
from diwan.errors import Invalid, NotFound
from diwan.files.models import StoredFile
from diwan.kit.i18n import _
from diwan.kit.phones import looks_like_phone, read_phone
from diwan.kit.text import clean
from diwan.tenants import portraits
from diwan.tenants.models import Membership

PURPOSE = "avatar"
LONGEST_TITLE = 120
LONGEST_SIGNATURE = 2000


def mine() -> Membership:
    """Return the current person's membership of the open business, locked. Raises NotFound."""
    found = current.session.scalars(
        select(Membership).where(Membership.user_id == current.user.id).with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such person here."))
    return found


def change(job_title: str, phone: str, signature: str) -> None:
    """Keep what the person wrote about themselves. Raises Invalid."""
    errors: dict[str, object] = {}
    title = " ".join(clean(job_title).split())
    text = clean(signature).strip()
    if len(title) > LONGEST_TITLE:
        errors["job_title"] = _("Use at most %(n)s characters.", n=LONGEST_TITLE)
    if len(text) > LONGEST_SIGNATURE:
        errors["signature"] = _("Use at most %(n)s characters.", n=LONGEST_SIGNATURE)
    number = read_phone(phone, current.tenant.country)
    if number.text and not looks_like_phone(number.text):
        errors["phone"] = _("Write the number with digits, such as +965 2222 3333.")
    if errors:
        raise Invalid(errors)
    _keep(mine(), {"job_title": title, "phone": number.stored, "signature": text})


def set_avatar(stream: IO[bytes], name: str) -> None:
    """Keep a picture of the person. Raises Invalid, Refuse."""
    content, kind = portraits.accept(stream.read(portraits.LARGEST + 1))
    member = mine()
    kept = files.store(BytesIO(content), name, purpose=PURPOSE, mime=kind, limit=portraits.LARGEST)
    _replace(member, kept.id)


def remove_avatar() -> None:
    """Show the person's initials again."""
    _replace(mine(), None)


def avatar(file_id: UUID) -> StoredFile:
    """Return the file of somebody's picture in the open business. Raises NotFound."""
    stored = current.session.get(StoredFile, (current.tenant.id, file_id))
    if stored is None or stored.purpose != PURPOSE:
        raise NotFound(_("This file is no longer there."))
    return stored


def avatars(user_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return the pictures of people of the open business, in one statement; who has none is left out."""
    wanted = set(user_ids)
    if not wanted:
        return {}
    statement = select(Membership.user_id, Membership.avatar).where(
        Membership.user_id.in_(wanted), Membership.avatar.is_not(None)
    )
    return {user_id: file_id for user_id, file_id in current.session.execute(statement) if file_id}


def _replace(member: Membership, file_id: UUID | None) -> None:
    before = member.avatar
    if before == file_id:
        return
    _keep(member, {"avatar": file_id})
    if before is not None:
        files.remove(before)


def _keep(member: Membership, values: dict[str, Any]) -> None:
    before = {key: getattr(member, key) for key, value in values.items() if getattr(member, key) != value}
    if not before:
        return
    after = {key: values[key] for key in before}
    for key, value in after.items():
        setattr(member, key, value)
    member.version += 1
    current.session.flush()
    audit.record("update", "core.member", member.id, current.user.name, before, after)
