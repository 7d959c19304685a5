"""`python -m diwan.embedded HOME [--test]`: hold the servers of a home until SIGTERM or SIGINT.

Must not do anything else. `diwan servers start` runs this in the background. `--test` gives up durability for speed.
"""

import argparse
import logging
import signal
import sys

from diwan.embedded import EmbeddedError, Servers
from diwan.kit.stopping import Stop


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m diwan.embedded")
    parser.add_argument("home")
    parser.add_argument("--test", action="store_true", help="fsync off: for databases of tests only")
    options = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    ended = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ended.set)
    servers = Servers(options.home, durable=not options.test, service=True)
    try:
        with servers.running():
            if not servers.owned:
                sys.stdout.write("They run already.\n")
                return 0
            sys.stdout.write("The servers are ready.\n")
            sys.stdout.flush()
            ended.wait()
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
