"""The reader's language: texts through a catalogue (gettext: the message is the English text), figures and times.

Whoever reads is known by a context variable, which the frame sets for each request; elsewhere it is English in UTC.
"""

from __future__ import annotations

from basefly.base.web.language.reader import current, reading, zones
from basefly.base.web.language.texts import msg, sentence, t, tn, told, tp

__all__ = ["current", "msg", "reading", "sentence", "t", "tn", "told", "tp", "zones"]
