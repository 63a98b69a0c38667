"""Texts that people write and read: the query language, and objects as YAML."""
