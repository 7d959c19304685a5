"""The unit of work: one request or job is one transaction; what leaves the system goes after its commit.

It also holds the tenant guard: every ORM statement carries the tenant, and none runs without one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from diwan.db.base import TenantMixin
from diwan.db.context import Tenant, current, replace_scope
from diwan.db.engine import tenant_setting

log = logging.getLogger(__name__)

TENANT_CLASSES: tuple[type, ...] = (TenantMixin,)


def guard_sessions(factory: Any) -> None:
    """Install the tenant guard on a session factory."""
    event.listen(factory, "do_orm_execute", _add_tenant)
    event.listen(factory, "before_flush", _stamp_tenant)


def guard_classes(*mixins: type) -> None:
    """Add mixins whose mapped classes belong to tenants (the resource layer adds `Model`)."""
    global TENANT_CLASSES
    TENANT_CLASSES = (*TENANT_CLASSES, *(m for m in mixins if m not in TENANT_CLASSES))


def _add_tenant(state: ORMExecuteState) -> None:
    # Applied always: deciding by `all_mappers` would miss select(func.count()).select_from(Lead).
    if state.is_column_load or state.is_relationship_load:
        return
    tenant = current.tenant_or_none
    tenant_id = tenant.id if tenant else -1
    state.statement = state.statement.options(
        *(with_loader_criteria(mixin, _criterion(tenant_id), include_aliases=True) for mixin in TENANT_CLASSES)
    )


def _criterion(tenant_id: int) -> Callable[[Any], ColumnElement[bool]]:
    return lambda cls: cls.tenant_id == tenant_id


def _stamp_tenant(session: Session, *_: Any) -> None:
    for record in session.new:
        if isinstance(record, TENANT_CLASSES):
            if record.tenant_id is None:  # type: ignore[attr-defined]
                record.tenant_id = current.tenant.id  # type: ignore[attr-defined]
            elif record.tenant_id != current.tenant.id:  # type: ignore[attr-defined]
                raise RuntimeError(f"{type(record).__name__} of another tenant in this transaction")


def enter_tenant(tenant: Tenant) -> None:
    """Continue the open transaction inside `tenant` (sign-up: the tenant is made in the same transaction)."""
    replace_scope(tenant=tenant)
    connection = current.session.connection()
    connection.exec_driver_sql(tenant_setting(tenant.id))


def after_commit(callback: Callable[[], object]) -> None:
    """Call `callback` once the current transaction has committed; it is forgotten on rollback."""
    current.session.info.setdefault("after_commit", []).append(callback)


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Run one transaction: commit at the end, roll back on an error, then run the after-commit callbacks."""
    session = current.session
    try:
        yield session
        commit(session)
    except BaseException:
        rollback(session)
        raise


def commit(session: Session) -> None:
    """Commit, then run what waited for it. A failing callback is logged: the data is safe already."""
    session.commit()
    for callback in session.info.pop("after_commit", []):
        try:
            callback()
        except Exception:
            log.exception("after-commit callback failed")


def rollback(session: Session) -> None:
    """Undo the transaction and forget what waited for its commit."""
    session.info.pop("after_commit", None)
    session.rollback()
