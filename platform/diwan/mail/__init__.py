"""Mail that Diwan sends: composed in the reader's language, handed over only after the commit.

It must not know who or what asked for it.
"""

from diwan.mail.service import JOB, configure, deliver, send, send_now

__all__ = ["JOB", "configure", "deliver", "send", "send_now"]
