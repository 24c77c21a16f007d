"""The management API: one module per namespace over one dispatcher.

`methods` is the table, `dispatcher` the one way through it, `bodies`, `fields`, `json_object`, `reading` and `paging`
the conventions that all methods share. A new namespace is a module with its models and handlers, and one line in
`bootstrap.api`.
"""
