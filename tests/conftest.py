"""Installs the plugins of the tests (the kitchen sink, the shop): they are found as if pip had put them there.

`world.business("kitchen")` turns one on; businesses that name no plugin go without, as their category says.
"""

import os
import sys
from pathlib import Path

for name in ("kitchen", "shop"):
    place = str(Path(__file__).parent / "plugins" / name)
    if place not in sys.path:
        sys.path.append(place)
        # The processes of a running Diwan, too.
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), place)))
