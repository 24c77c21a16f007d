"""`sidecar call`: the command, the body as it is typed, what is said of methods, and lists over several answers."""
