"""What each person has arranged for themselves: small settings by key, and saved views of lists.

It must not know resources or screens: values and definitions are JSON that their readers check.
"""

from diwan.preferences.service import forget, get, put
from diwan.preferences.views import Setup, View, delete_view, get_view, make_view, setup, update_view

__all__ = ["Setup", "View", "delete_view", "forget", "get", "get_view", "make_view", "put", "setup", "update_view"]
