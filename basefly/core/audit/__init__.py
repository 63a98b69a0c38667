"""The record of what was done, tried and refused; nothing in it ever changes."""
