"""`sidecar quickstart`: the command, its folder, the programs that it runs, and what it puts into them at first."""
