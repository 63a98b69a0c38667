"""Faults, switched on and off at run time: how a request, a watch or the bytes of an answer go wrong."""

from basefly.sim.faults.active import Faults
from basefly.sim.faults.effects import Effect, Fault

__all__ = ["Effect", "Fault", "Faults"]
