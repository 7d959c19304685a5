"""Calls to other systems: the only way out for core and plugins, guarded against addresses inside.

It must not retry, nor keep what it sends or gets; jobs do the retrying.
"""

from diwan.outgoing.service import CallRefused, Reply, Unreachable, configure, fetch

__all__ = ["CallRefused", "Reply", "Unreachable", "configure", "fetch"]
