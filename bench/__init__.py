"""The performance bars, each beside its rival: `python -m bench NAME` runs both in one go, and the ratio counts."""
