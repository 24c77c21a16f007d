"""The sections of the file, one a module: their settings, bounds and defaults. Docstrings are docs/configuration.md."""
