"""Lets the tests of the rulebook import their builders, which lie beside them."""

import sys
from pathlib import Path

from standards.rulebook.pack_format import shipped_packs

sys.path.insert(0, str(Path(__file__).parent))
shipped_packs()  # read once, before a test with a deadline is the first to ask for them
