"""The Flask extensions, unbound: `create_app` binds them.

Only this module joins Flask's world to what lies below the edge, so that models and services need not.
"""

from __future__ import annotations

from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from diwan.db.base import metadata
from diwan.db.context import provide_session
from diwan.db.session import guard_sessions
from diwan.resources import watching

# Models stand on Base (typed), not on db.Model; the session finds their engine through the shared MetaData.
db = SQLAlchemy(metadata=metadata, session_options={"expire_on_commit": False})
guard_sessions(db.session)
watching.attach(db.session)
provide_session(db.session)

login_manager = LoginManager()
csrf = CSRFProtect()
