"""The pages of sign-in with a provider: the way there and back, and the settings."""

from __future__ import annotations

from basefly.core.federation.pages import journey, settings

HANDLERS = (*journey.HANDLERS, *settings.HANDLERS)
