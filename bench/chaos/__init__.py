"""Processes that follow clusters are killed and paused at random, and what they write is watched."""
