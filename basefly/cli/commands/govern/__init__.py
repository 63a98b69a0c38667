"""Commands for those who govern an organization: identity providers and service accounts."""

from __future__ import annotations

import typer

from basefly.cli.commands.govern import providers, service_accounts


def add_to(parent: typer.Typer) -> None:
    """Add the groups to `basefly`."""
    service_accounts.add_to(parent)
    providers.add_to(parent)
