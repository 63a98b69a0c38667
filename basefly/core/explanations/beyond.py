"""What else decides, beyond grants: whoever knows of it above plugs in here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from basefly.base.principal import Principal
from basefly.core.explanations.model import Question

Tell = Callable[[Principal, Question], Awaitable[str]]


class Beyond:
    """In the house, for explanations."""

    def __init__(self) -> None:
        self._tell: Tell | None = None

    def plug(self, tell: Tell) -> None:
        """Take who knows what else decides."""
        self._tell = tell

    async def told(self, who: Principal, asked: Question) -> str:
        """A sentence about someone who has the grants for it; "" where grants alone decide."""
        return await self._tell(who, asked) if self._tell else ""
