"""What the sidecar does: one verb a module, its collaborators given as ports."""
