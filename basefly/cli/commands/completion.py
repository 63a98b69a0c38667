"""Words for the shell's completion. It must be quick and silent: whatever goes wrong, there is nothing to complete."""

from __future__ import annotations

from basefly.cli import account
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Failure
from basefly.cli.kubeconfig import loading

PATIENCE = 1.5  # seconds


def clusters(incomplete: str) -> list[str]:
    """Names of clusters that begin so."""
    return _asked("/clusters", "name", incomplete)


def kinds(incomplete: str) -> list[str]:
    """Names of resources that begin so."""
    return _asked("/resources", "plural", incomplete)


def contexts(incomplete: str) -> list[str]:
    """Contexts of the user's kubeconfig that begin so."""
    try:
        return [name for name in loading.load(None).contexts if name.startswith(incomplete)]
    except Failure:
        return []


def _asked(path: str, field: str, incomplete: str) -> list[str]:
    try:
        here = account.current()
        if not here.token:
            return []
        with Hub(here.url, here.token, answer=PATIENCE) as hub:
            found = {str(item[field]) for item in hub.get(path)["items"]}
    except (Failure, KeyError, TypeError):
        return []
    return sorted(word for word in found if word.startswith(incomplete))
