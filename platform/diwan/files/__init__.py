"""Files that people upload: bytes in a folder or a bucket, a row for each in the tenant's table.

It must not interpret a file, nor let its name choose where it is stored.
"""

from diwan.files.models import StoredFile
from diwan.files.service import UNCOUNTED, bytes_of, configure, discard, drop_all, left, path_of, remove, store

__all__ = [
    "UNCOUNTED",
    "StoredFile",
    "bytes_of",
    "configure",
    "discard",
    "drop_all",
    "left",
    "path_of",
    "remove",
    "store",
]
