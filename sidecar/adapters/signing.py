"""Registry tokens: the CA, the leaf keys that it vouches for, and the signature of a token by the newest leaf."""
