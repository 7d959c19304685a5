"""The resource layer: from one declared model come lists, forms, REST, search, import, permissions and audit.

It must not know Flask: `web` and `rest` show what it answers.
"""

from diwan.resources.declare import DeclarationError, Resource, Section, declare
from diwan.resources.fields import Field, field
from diwan.resources.model import Model
from diwan.resources.query import Count, Page, count, counted_page, list_page
from diwan.resources.store import archive, create, delete, get, restore, update

__all__ = [
    "Count", "DeclarationError", "Field", "Model", "Page", "Resource", "Section", "archive", "count",
    "counted_page", "create", "declare", "delete", "field", "get", "list_page", "restore", "update",
]  # fmt: skip
