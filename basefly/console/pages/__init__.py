"""The pages over several subjects."""

from basefly.console.pages import cluster, overview, scope, search, shelter, verify

HANDLERS = (
    *overview.HANDLERS,
    *cluster.HANDLERS,
    *verify.HANDLERS,
    *search.HANDLERS,
    *shelter.HANDLERS,
    *scope.HANDLERS,
)
