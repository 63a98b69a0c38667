"""`python -m basefly`, and the `basefly` command."""

from basefly.cli.app import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
