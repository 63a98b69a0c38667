"""Rate limits: token buckets by principal, organization and network, in memory or shared by all hubs."""

from __future__ import annotations

from basefly.base.limits.limiter import Limiter
from basefly.base.limits.model import Class, Decision, Exceeded, Quota, Quotas, network

__all__ = ["Class", "Decision", "Exceeded", "Limiter", "Quota", "Quotas", "network"]
