"""Paths below an object: its status and scale, what a kubelet answers, and what is asked of an object by creating."""
