"""A simulated fleet: many clusters in one process that speak the Kubernetes REST API over TLS."""

from basefly.sim.cluster import Cluster
from basefly.sim.faults import Effect, Fault
from basefly.sim.fleet import Fleet
from basefly.sim.requests import Request

__all__ = ["Cluster", "Effect", "Fault", "Fleet", "Request"]
