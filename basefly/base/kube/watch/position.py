"""Where following a kind stands, and what its versions allow and forbid."""

from __future__ import annotations

from basefly.base.kube.errors import Gone, ServerError
from basefly.base.kube.watch.events import Listed

REMEMBERED = 64  # versions told last: one of them that comes again is told twice, any other old one comes too late


class Restored(Gone):
    """Found by ourselves: the cluster stands at an older version than one that we have seen, and stays there."""


class Behind(ServerError):
    """Found by ourselves: the server stands behind what was seen. It lags, or the cluster was restored: time tells."""

    code = "cluster_behind"


class Position:
    """The version up to which everything has been told, and the newest ever seen."""

    def __init__(self, since: str, *, due: bool = False) -> None:
        self.version = "" if due else since  # where to resume; "" means that a list is needed
        self.suspicious = False  # something older than `version` came too late: more may have been told wrongly
        self.doubted = False  # the server failed (5xx) within the stream that goes on from `version`
        self.behind: float | None = None  # since when (clock) the server has stood behind what was seen
        self._seen = since
        self._told: list[str] = []
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
            self.suspicious = self.suspicious or version not in self._told
            return False
        self.version = self._seen = version
        self._told.append(version)
        del self._told[:-REMEMBERED]
        self.doubted = False
        return True

    def admit(self, version: str, now: float) -> None:
        """Raises Behind for a list older than what was seen, unless the cluster is known to have been restored."""
        if not self._restored and older(version, self._seen):
            self._fall_behind(version, now)

    def settle(self) -> None:
        """All is quiet: of what was told before only the newest may still be told twice."""
        del self._told[:-1]

    def complete(self, version: str) -> Listed:
        """A list is complete as of `version`."""
        listed = Listed(version, self._restored)
        self.version = self._seen = version
        self._newest = self._restored = self.suspicious = self.doubted = False
        self._told.clear()
        return listed

    def missed(self, version: str) -> bool:
        """Whether a version in a list is news, though watches have gone on from the newest seen until now."""
        return older(self._seen, version)

    def forget(self, error: Gone) -> None:
        """The server no longer knows our version, or no list that is new enough: list, if need be the newest."""
        self._restored = self._restored or isinstance(error, Restored)
        self._newest = self._newest or self._restored or not self.version
        self.version = ""

    def check(self, version: str, now: float, proof: float) -> None:
        """Raises Behind if the collection stands at an older version than was seen, and Restored after `proof` s of it.

        A lagging server catches up or is replaced by another; a restored cluster stays behind.
        """
        if not older(version, self._seen):
            self.behind = None
        elif self.behind is not None and now - self.behind >= proof:
            self.behind = None
            raise Restored(410, "Expired", f"the cluster went back from version {self._seen} to {version}")
        else:
            self._fall_behind(version, now)

    def _fall_behind(self, version: str, now: float) -> None:
        self.behind = now if self.behind is None else self.behind
        told = (
            f"version {version} is older than {self._seen}, which was seen: it lags, or it was restored from a backup"
        )
        raise Behind(503, "Behind", told)


def older(version: str, other: str) -> bool:
    """Whether a version is older. They compare as integers within one kind (KEP-5504), and otherwise not at all."""
    return version.isdecimal() and other.isdecimal() and int(version) < int(other)
