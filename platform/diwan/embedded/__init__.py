"""PostgreSQL and Valkey from wheels, run by Diwan itself when no other servers are named.

Must not import anything of Diwan but `config`, `errors` and `kit`: it has to work before everything else does.
"""

from diwan.embedded.endpoints import Endpoints
from diwan.embedded.errors import EmbeddedError
from diwan.embedded.home import Home, Secrets, default_home
from diwan.embedded.servers import Servers, Status

__all__ = ["EmbeddedError", "Endpoints", "Home", "Secrets", "Servers", "Status", "default_home"]
