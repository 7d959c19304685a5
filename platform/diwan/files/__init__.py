"""Files that people upload: bytes on disk under DIWAN_HOME, a row for each in the tenant's table.

It must not interpret a file, nor let its name choose where it is stored.
"""

from diwan.files.models import StoredFile
from diwan.files.service import configure, path_of, remove, store

__all__ = ["StoredFile", "configure", "path_of", "remove", "store"]
