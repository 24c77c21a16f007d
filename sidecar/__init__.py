"""Sign-in, projects and a management API beside an unmodified CNCF distribution registry."""
