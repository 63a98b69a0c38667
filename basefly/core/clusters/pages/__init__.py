"""The clusters for people: the list in its three views, what can be changed of one or of several, and the wizard."""

from basefly.core.clusters.pages import bulk, connect, listing, settings

HANDLERS = (*listing.HANDLERS, *bulk.HANDLERS, *settings.HANDLERS, *connect.HANDLERS)
