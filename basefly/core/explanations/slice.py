"""Explanations, whole."""

from __future__ import annotations

from basefly.base.slice import Slice
from basefly.core.explanations import api, pages

explanations = Slice(name="explanations", permissions={}, api=api.HANDLERS, pages=pages.HANDLERS)
