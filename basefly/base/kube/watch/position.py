"""Where following a kind stands, and what its versions allow and forbid."""

from __future__ import annotations

from basefly.base.kube.errors import Gone
from basefly.base.kube.watch.events import Listed


class Restored(Gone):
    """Found by ourselves: the cluster stands at an older version than one that we have seen."""


class Position:
    """The version up to which everything has been told, and the newest ever seen."""

    def __init__(self, since: str) -> None:
        self.version = since  # where to resume; "" means that a list is needed
        self.suspicious = False  # something older than `version` was told since the last check
        self.doubted = False  # the server failed (5xx) within the stream that goes on from `version`
        self._seen = since
        self._newest = False
        self._restored = False

    def list_params(self) -> dict[str, str]:
        """What to ask of a list, so that it cannot be older than what was seen: not even from a lagging server."""
        if self._seen and not self._newest:
            return {"resourceVersion": self._seen, "resourceVersionMatch": "NotOlderThan"}
        return {}

    def advance(self, version: str) -> bool:
        """Go to the version of an event; False if the event is not news, but told twice or too late."""
        if not version:
            return True  # some aggregated servers give none
        if version == self.version:
            return False
        if older(version, self.version):
            self.suspicious = True
            return False
        self.version = self._seen = version
        self.doubted = False
        return True

    def complete(self, version: str) -> Listed:
        """A list is complete as of `version`."""
        restored = self._restored or older(version, self._seen)
        self.version = self._seen = version
        self._newest = self._restored = self.suspicious = self.doubted = False
        return Listed(version, restored)

    def forget(self, error: Gone) -> None:
        """The server no longer knows our version, or no list that is new enough: list, if need be the newest."""
        self._restored = self._restored or isinstance(error, Restored)
        self._newest = self._newest or self._restored or not self.version
        self.version = ""

    def check(self, version: str) -> None:
        """Raises Restored if the collection now stands at an older version than our own."""
        self.suspicious = False
        if older(version, self.version):
            raise Restored(410, "Expired", f"the cluster went back from version {self.version} to {version}")


def older(version: str, other: str) -> bool:
    """Whether a version is older. They compare as integers within one kind (KEP-5504), and otherwise not at all."""
    return version.isdecimal() and other.isdecimal() and int(version) < int(other)
