"""Runs the agent, which is a program of its own: nothing of the hub is loaded for it."""

from __future__ import annotations

from collections.abc import Mapping

from basefly.agent.config import ConfigError
from basefly.agent.running import run as life
from basefly.cli.exits import Failure


def run(given: Mapping[str, str]) -> None:
    """Until it is told to end. Raises Failure when it cannot start like this."""
    try:
        life(given)
    except ConfigError as error:
        raise Failure(str(error), cure="`basefly agents token` prints a manifest that gives all of it.") from None
