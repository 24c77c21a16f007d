"""Config → Application: the only place that names concrete classes."""
