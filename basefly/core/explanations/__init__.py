"""Rights, explained: why someone may or may not, and who may."""
