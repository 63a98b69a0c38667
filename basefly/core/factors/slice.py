"""Factors, whole. It has no face of its own: identity shows them, with all else that lets someone in."""

from __future__ import annotations

from basefly.base.slice import Slice

factors = Slice(name="factors", permissions={})
