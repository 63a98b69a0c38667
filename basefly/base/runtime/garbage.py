"""How often Python looks for garbage in circles, in a process that reads a hundred objects for each one it keeps."""

from __future__ import annotations

import gc

YOUNG = 20_000  # objects more than went, until it looks at the youngest; a page of a list alone brings some thousands


def settle() -> None:
    """Leave what the program itself consists of alone from now on, and look less often. Call it once all is imported.

    Reading objects makes many lists and no circles: with Python's own threshold of 700 the looking was about a tenth of
    what a first list costs the sync.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
