"""Registry tokens that the sidecar never made: how each is forged, and whether a registry falls for it.

`catalogue` lists them all. Its users are the tests of our own routes, those of real registries, and docs/forgeries.md.
"""
