"""What an address of the matrix needs: who may, with which arguments, and what each kind of visitor is answered.

It must stay data: no request is made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PUBLIC, SIGNED_IN, MEMBER, RIGHT, RECORD, LIST, OWNER, OPERATOR = (
    "public", "signed in", "member", "right", "record", "list", "owner", "operator",
)  # fmt: skip
PLACE = {"plugin": "shop", "name": "lead"}
THING = "id"


@dataclass(frozen=True, slots=True)
class Need:
    """One line of the matrix.

    `of`: arguments of the address, each a thing (see things.py) or a word. `form`, `json`, `query`: what is sent, with
    `{thing}` in it. `gives`: what who may is answered. `others`: what somebody with the same rights is answered where
    the thing is somebody else's; 0 where that makes no difference. `but`: columns that are answered otherwise than
    usual, and `why`.
    """

    who: str
    grants: tuple[str, ...] = ()
    of: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    query: str = ""
    gives: int = 0
    others: int = 0
    but: Mapping[str, int] = field(default_factory=dict)
    why: str = ""

    @property
    def resource(self) -> str:
        """The resource in the address."""
        return f"{self.of.get('plugin', PLACE['plugin'])}.{self.of.get('name', PLACE['name'])}"

    def given(self, reach: str = "") -> tuple[str, ...]:
        """The grants of who may, with this reach (`:own`)."""
        if self.who == RIGHT:
            return self.grants
        if self.who not in (RECORD, LIST):
            return ()
        return tuple(dict.fromkeys(f"{self.resource}.{action}{reach}" for action in ("read", *self.grants)))


def public(why: str, gives: int = 0, **more: Any) -> Need:
    """Everybody on the internet may, and why."""
    return _need(PUBLIC, (), gives=gives, why=why, **more)


def signed_in(gives: int = 0, **more: Any) -> Need:
    """Whoever has an account may, for themselves."""
    return _need(SIGNED_IN, (), gives=gives, **more)


def member(gives: int = 0, **more: Any) -> Need:
    """Whoever is in the business may, without any right."""
    return _need(MEMBER, (), gives=gives, **more)


def right(*grants: str, **more: Any) -> Need:
    """Who has these rights may; the last one is what those without lack."""
    return _need(RIGHT, grants, **more)


def record(action: str = "read", **more: Any) -> Need:
    """Who may do the action with the record in the address (a lead of somebody else)."""
    return _need(RECORD, (action,), **more)


def listing(action: str = "read", **more: Any) -> Need:
    """Who may do the action with some records; those out of reach are neither shown nor changed."""
    return _need(LIST, (action,), **more)


def owner(gives: int = 0, **more: Any) -> Need:
    """An owner may; who may everything else may not."""
    return _need(OWNER, (), gives=gives, **more)


def operator(gives: int = 0, **more: Any) -> Need:
    """Who runs the platform may, with a second factor; all others find nothing."""
    return _need(OPERATOR, (), gives=gives, **more)


def _need(who: str, grants: tuple[str, ...], **more: Any) -> Need:
    known = {name: more.pop(name) for name in list(more) if name in Need.__dataclass_fields__}
    return Need(who, grants, of=more, **known)


def columns(endpoint: str, need: Need) -> Iterator[str]:
    """Name the kinds of visitors that an address is tried with."""
    rest = endpoint.startswith("rest.")
    if need.who == PUBLIC:
        yield "anybody"
        return
    yield "anonymous"
    if need.who in (SIGNED_IN, OPERATOR):
        yield from () if need.who == SIGNED_IN else ("stranger", "unproven")
    else:
        yield "stranger"
        if not rest and _things(need):
            yield "forged"  # the neighbour's own address with ids of this business
    if need.who in (RIGHT, RECORD, LIST, OWNER):
        yield "without"
    if rest and need.who in (RIGHT, RECORD, LIST):
        yield "narrowed"
    if need.who == RECORD:
        yield "own"
        if need.grants[0] != "read":
            yield "reader"
            yield "half"
        if _parts(need):
            yield "smuggled"
    if need.who == LIST and not need.others:
        yield "own"
        if need.grants[0] != "read":
            yield "half"
    if need.others:
        yield "others"
    yield "allowed"


def _things(need: Need) -> bool:
    return need.who == RECORD or any(name.endswith(THING) or name == "job" for name in need.of)


def _parts(need: Need) -> bool:
    return any(name.endswith("_id") for name in need.of)
