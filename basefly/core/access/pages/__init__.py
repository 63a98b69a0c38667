"""Access as pages."""

from basefly.core.access.pages import setup

HANDLERS = (*setup.HANDLERS,)
