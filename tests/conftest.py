"""Installs the kitchen-sink plugin for the tests: it is found as if pip had put it into the environment.

`world.business("kitchen")` turns it on; businesses that name no plugin go without it, as their category says.
"""

import os
import sys
from pathlib import Path

KITCHEN = str(Path(__file__).parent / "plugins" / "kitchen")

if KITCHEN not in sys.path:
    sys.path.append(KITCHEN)
    # The processes of a running Diwan, too.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), KITCHEN)))
