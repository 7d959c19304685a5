"""The fields of a resource as places that columns can go to, and the first guess for a newly read file.

It must offer only what people may write.
"""

from __future__ import annotations

from diwan.imports.mapping import Guess, Target, guess
from diwan.imports.table import Table
from diwan.kit import i18n
from diwan.resources import Field, Resource
from diwan.resources.lookup import can_be_key

SEVERAL = frozenset(
    {"longtext", "choices", "tags", "references"}
)  # kinds whose values can be put together from more than one column


def targets_of(resource: Resource) -> list[Target]:
    """Return a target for each field that an import can fill; labels in all languages count as synonyms."""
    return [
        Target(
            name, str(described.label), (*described.synonyms, *labels_of(described)), described.kind.name,
            multi=described.kind.name in SEVERAL, required=described.required,
        )
        for name, described in importable(resource).items()
    ]  # fmt: skip


def importable(resource: Resource) -> dict[str, Field]:
    """Return the fields that an import can fill."""
    fields = {name: resource.fields[name] for name in resource.editable}
    return {name: f for name, f in fields.items() if f.kind.name not in ("json", "file", "image")}


def match_fields(resource: Resource) -> list[str]:
    """Return the fields by which a row can find its record, the surest first: unique ones, e-mail, the name, others."""
    fields = importable(resource)

    def sureness(name: str) -> int:
        if fields[name].unique:
            return 0
        if fields[name].kind.name == "email":
            return 1
        return 2 if name == resource.title else 3

    return sorted((name for name, f in fields.items() if can_be_key(f)), key=sureness)


def guess_mapping(resource: Resource, table: Table) -> list[Guess]:
    """Guess where the columns of a file go."""
    return guess(table.columns, [row.cells for row in table.sample()], targets_of(resource))


def guess_match(resource: Resource, columns: dict[str, str]) -> str:
    """Return the field that most likely tells records apart: a mapped unique one, an e-mail, or the name."""
    mapped = set(columns.values())
    sure = [name for name in match_fields(resource) if name in mapped]
    fields = resource.fields
    return next((n for n in sure if fields[n].unique or fields[n].kind.name == "email" or n == resource.title), "")


def labels_of(described: Field) -> list[str]:
    """Return the label of a field in every language that Diwan speaks."""
    labels = []
    for code in i18n.LANGUAGES:
        token = i18n.set_language(code)
        try:
            labels.append(str(described.label))
        finally:
            i18n.reset_language(token)
    return labels
