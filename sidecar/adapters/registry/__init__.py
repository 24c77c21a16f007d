"""The client of the registry's /v2: one pinned origin, bounded in time and size."""
