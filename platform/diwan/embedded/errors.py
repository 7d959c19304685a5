"""The one exception of this package, with a text an operator can act on. Must not hold anything else."""

from diwan.errors import DiwanError


class EmbeddedError(DiwanError):
    """A server could not be prepared, started or stopped; the message says why and what to do."""

    status = 503
    code = "servers"
