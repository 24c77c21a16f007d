"""The index of the registry's contents: a module for each kind of its tables, and `store`, which puts them together."""
