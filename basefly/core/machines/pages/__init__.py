"""The pages of machines: a device that asks to be signed in, and service accounts."""

from __future__ import annotations

from basefly.core.machines.pages import accounts, device

HANDLERS = (*device.HANDLERS, *accounts.HANDLERS)
