"""`python -m basefly` is the command `basefly`."""

from __future__ import annotations

from basefly.cli.main import main

if __name__ == "__main__":
    main()
