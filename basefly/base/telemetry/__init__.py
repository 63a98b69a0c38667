"""Logs, metrics and traces of Basefly itself."""
