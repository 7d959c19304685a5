"""`field(index=True)`: an index that lists can sort by, with the tenant first and the id last."""

from __future__ import annotations

from typing import Any

from diwan.db.base import metadata


def test_an_indexed_field_has_an_index_of_its_own(shelf: Any) -> None:
    shelf.write(
        "sample",
        "from diwan.plugin import Mapped, Model, field\n"
        "@plugin.resource(label='Thing', labels='Things')\n"
        "class Thing(Model):\n"
        "    name: Mapped[str] = field('Name')\n"
        "    size: Mapped[int] = field('Size', index=True)\n",
    )
    shelf.load()
    table = metadata.tables["sample.thing"]
    found = {index.name: [column.name for column in index.columns] for index in table.indexes}
    assert found["ix_thing_size"] == ["tenant_id", "size", "id"]
    assert "ix_thing_name" not in found
