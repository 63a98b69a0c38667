"""`python -m bench.console.quiet`: a hub without controllers: nothing changes by itself.

It reads the same environment as `basefly up`.
"""

from __future__ import annotations

from dataclasses import replace

from basefly import app
from basefly.base.settings import load
from basefly.cli.server import serve


def main() -> None:
    """Serve until a signal; what a fleet of recipes holds is neither probed nor followed."""
    app.SLICES = tuple(replace(slice_, controllers={}) for slice_ in app.SLICES)
    serve(load())


if __name__ == "__main__":
    main()
