"""The end of a business: an export of everything it has, its closing, its erasure, and the proof that nothing is left.

It goes by the database's catalogue and needs no module's code; it must touch nothing of any other business.
"""

from diwan import jobs
from diwan.config import Config
from diwan.leaving import closing, erasing, report, takeouts


def configure(config: Config) -> None:
    """Take the settings, and give the scheduler its chores: called once by create_app."""
    takeouts.configure(config)
    closing.configure(config)
    jobs.each_hour("takeouts", takeouts.clean)
    jobs.each_round("erasures", erasing.erase_due)
    jobs.each_round("proofs of erasure", report.tell_owners)


__all__ = ["closing", "configure", "erasing", "report", "takeouts"]
