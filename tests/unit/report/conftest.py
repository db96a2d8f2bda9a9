"""The synthetic run is shared with the tests of results, the points of studies with theirs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "results"))
sys.path.insert(0, str(Path(__file__).parents[1] / "study"))
