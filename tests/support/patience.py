"""How long a test waits for what must come, before it says what stands in the way."""

from __future__ import annotations

from typing import Final

# Hardly ever waited out: only where something is broken, or many times slower than
# any machine that we know.
PATIENCE: Final = 180.0
