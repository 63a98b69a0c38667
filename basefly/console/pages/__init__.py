"""The pages over several subjects."""

from basefly.console.pages import cluster, overview, search, shelter, verify

HANDLERS = (*overview.HANDLERS, *cluster.HANDLERS, *verify.HANDLERS, *search.HANDLERS, *shelter.HANDLERS)
