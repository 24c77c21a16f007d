"""The management API, as commands call it: by whoever has a token, or as the administrator of an installation here."""
