"""The outside world behind the ports: database, keys, the registry, the clock."""
