"""The management API: one module per namespace over one dispatcher."""
