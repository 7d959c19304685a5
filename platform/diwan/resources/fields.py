"""`field()`: one declaration of a value, from which column, form, list, REST, import and audit are derived.

A field must say everything a screen needs to know; screens never look at column types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from sqlalchemy import Computed, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import mapped_column

from diwan.db.columns import Sealed
from diwan.db.context import current
from diwan.resources.computing import Formula
from diwan.resources.kinds import KINDS, Kind

KIND_OF_TYPE = {
    "Text": "text", "BigInteger": "integer", "Integer": "integer", "Numeric": "decimal", "Date": "date",
    "DateTime": "datetime", "Boolean": "boolean", "Uuid": "reference", "ARRAY": "choices", "JSONB": "json",
    "Seconds": "duration",
}  # fmt: skip


@dataclass(slots=True)
class Field:
    """A described value. `name`, `kind`, `required` and `nullable` are completed when its model is declared."""

    label: Any
    help: Any = ""
    widget: str = ""
    ref: Any = None
    ondelete: str = "RESTRICT"
    choices: Mapping[str, Any] = attribute(default_factory=dict)
    default: Any = None
    unique: bool = False
    index: bool = False
    search: bool = False
    readonly: bool = False
    personal: bool = False
    sensitive: bool = False
    secret: bool = False
    min: Any = None
    max: Any = None
    synonyms: tuple[str, ...] = ()
    wide: bool = False
    currency: str = ""
    unit: Any = ""
    computed: Any = None
    sequence: str = ""
    show_when: Mapping[str, Any] = attribute(default_factory=dict)
    filter: Mapping[str, Any] = attribute(default_factory=dict)
    tones: Mapping[str, str] = attribute(default_factory=dict)
    derived: Any = None
    custom: bool = False
    needed: bool = False
    name: str = ""
    purpose: str = ""
    target: type | None = None
    kind: Kind = KINDS["text"]
    nullable: bool = True

    @property
    def required(self) -> bool:
        """Whether a new record needs a value from the person (no default fills it)."""
        if self.needed:  # of a custom field, whose older records may lack it
            return True
        if self.nullable or self.default is not None or self.computed is not None or self.sequence:
            return False
        return self.kind.name != "boolean" and not self.kind.several

    @property
    def longest(self) -> int:
        """The greatest number of characters; 0 where length means nothing."""
        return self.max if isinstance(self.max, int) and self.kind.longest else self.kind.longest

    @property
    def sortable(self) -> bool:
        return self.kind.sortable

    @property
    def reference(self) -> str:
        """The key of the resource that this field refers to, or ""."""
        return self.ref if isinstance(self.ref, str) else ""

    @property
    def formula(self) -> Formula | None:
        """What PostgreSQL computes the value from, or None."""
        return self.computed if isinstance(self.computed, Formula) else None

    @property
    def function(self) -> Callable[[Any], Any] | None:
        """The Python function that computes the value before it is written, or None."""
        return self.computed if callable(self.computed) else None

    @property
    def is_me(self) -> bool:
        """Whether a new record begins with the person who makes it."""
        return bool(self.default == "me" and self.ref == "core.person")

    @property
    def is_file(self) -> bool:
        return self.kind.name in ("file", "image")

    def initial(self) -> Any:
        """Return the value that a new record starts with; None where it has none."""
        if self.default is None:
            return [] if self.kind.several else {"boolean": False}.get(self.kind.name)
        if self.is_me:
            return current.user.id if current.user.kind in ("user", "token") else None
        return self.default() if callable(self.default) else self.default

    def parse(self, raw: Any) -> Any:
        """Turn typed or transmitted input into a value. Raises ValueError with a message for the person."""
        if raw is None:
            return [] if self.kind.several else None
        return self.kind.parse(self, raw)

    def load(self, stored: Any) -> Any:
        """Return the value that JSON keeps (see `values.as_json`)."""
        if stored is None:
            return [] if self.kind.several else False if self.kind.name == "boolean" else None
        return self.kind.load(stored) if self.kind.load else stored


def field(
    label: Any,
    *,
    help: Any = "",
    widget: str = "",
    ref: Any = None,
    ondelete: str = "restrict",
    choices: Mapping[str, Any] | None = None,
    default: Any = None,
    unique: bool = False,
    index: bool = False,
    search: bool = False,
    readonly: bool = False,
    personal: bool = False,
    sensitive: bool = False,
    secret: bool = False,
    min: Any = None,
    max: Any = None,
    synonyms: tuple[str, ...] = (),
    wide: bool = False,
    currency: str = "",
    unit: Any = "",
    computed: str | Callable[[Any], Any] | None = None,
    sequence: str = "",
    show_when: Mapping[str, Any] | None = None,
    filter: Mapping[str, Any] | None = None,
) -> Any:
    """Declare a column with everything a person and a program need to know of it.

    label, help: translatable texts. widget: a kind that the annotation does not tell (email, phone, url, country,
    longtext). ref: a model of this plugin (a foreign key) or a resource's key ("contacts.contact"). choices: value to
    label; "core.person" is a colleague. default: a value or a function, of a colleague also "me". unique: within the
    tenant. index: long lists sort and filter by it quickly. search: found by the search box. synonyms: other names
    under which files carry it. min, max: bounds of a number, or max as the most characters of a text.
    currency: the field that holds an amount's currency; of a child row also "<part_of>.<field>". unit: the field that
    holds a quantity's unit, or the unit itself. computed: SQL over fields of the record, or a function of the record
    and its child rows. sequence: the pattern of a number that new records draw, such as "L-{year}-{n:04}".
    show_when: forms show the field only while other fields have these values ({"kind": "person"}, or a list of them).
    secret: a text that is stored sealed and never shown again; code reads it, nothing else does.
    sensitive: readable only by roles that name it, or that may do everything with the module (`hr.*`).
    filter: which records a reference may name, by their fields: a value, or "$field" for that of a field beside it.
    """
    described = Field(
        label=label, help=help, widget=widget, ref=ref, ondelete=ondelete.upper(), choices=choices or {},
        default=default, unique=unique or bool(sequence), index=index, search=search,
        readonly=readonly or computed is not None or bool(sequence), personal=personal, sensitive=sensitive,
        secret=secret, min=min, max=max, synonyms=synonyms, wide=wide, currency=currency, unit=unit,
        computed=Formula(computed) if isinstance(computed, str) else computed, sequence=sequence,
        show_when=show_when or {}, filter=filter or {},
    )  # fmt: skip
    options: dict[str, Any] = {"info": {"field": described}}
    if described.is_me:
        options["default"] = described.initial
    elif default is not None:
        options["default"] = _column_default(default)
    options |= _column_type(described)
    arguments = [Computed("NULL", persisted=True)] if isinstance(computed, str) else []  # `model` writes its SQL
    return mapped_column(*arguments, **options)


def _column_type(described: Field) -> dict[str, Any]:
    """Return the options that say a column's type, where its annotation alone would not."""
    if described.secret:
        return {"type_": Sealed(), "deferred": True}  # read when code asks for it: pages and lists never do
    kind, choices = KINDS.get(described.widget), described.choices
    if kind is not None and kind.column is not None:
        return {"type_": kind.column}
    if choices and described.default is None and isinstance(choices, dict) and described.widget == "choices":
        return {"type_": ARRAY(Text())}
    return {}


def _column_default(default: Any) -> Any:
    if callable(default):
        call: Callable[[], Any] = default
        return lambda: call()  # noqa: PLW0108  (SQLAlchemy would pass its context to a function that takes one)
    if isinstance(default, list | dict):
        return default.copy
    return default
