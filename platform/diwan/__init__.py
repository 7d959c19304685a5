"""Diwan: one platform for a whole business, ERP and CRM working together.

This package must stay free of work at import: everything starts in `diwan.app.create_app`.
"""

__version__ = "0.1.0"
