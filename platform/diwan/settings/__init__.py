"""What each business has set for its plugins, as JSON in `core.setting`.

It must not know which settings there are: the kernel types them by their declaration.
"""

from diwan.settings.service import Settings, read, read_secret, secret_place, write

__all__ = ["Settings", "read", "read_secret", "secret_place", "write"]
