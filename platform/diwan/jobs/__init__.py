"""Jobs: work after the commit, by RQ workers; and schedules. The outbox in PostgreSQL holds every intention.

This package alone knows RQ and Redis. It must not import Flask: workers get the application's context as a callable.
"""

from diwan.jobs.chores import each_hour, each_round
from diwan.jobs.lease import Abandon, Cancelled, LostLease
from diwan.jobs.queue import connect, connected, disconnect
from diwan.jobs.registry import job, register
from diwan.jobs.runner import deliver
from diwan.jobs.running import cancelled, progress
from diwan.jobs.status import Status, cancel, enqueue, health, retry, run_pending, status

__all__ = [
    "Abandon",
    "Cancelled",
    "LostLease",
    "Status",
    "cancel",
    "cancelled",
    "connect",
    "connected",
    "deliver",
    "disconnect",
    "each_hour",
    "each_round",
    "enqueue",
    "health",
    "job",
    "progress",
    "register",
    "retry",
    "run_pending",
    "status",
]
