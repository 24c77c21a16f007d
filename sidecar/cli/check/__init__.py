"""`sidecar check`: the command, what it looks at, and what it says of each thing."""
