"""HTTP, and nothing but HTTP: requests in, use cases called, answers out."""
