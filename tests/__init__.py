"""The tests mirror sidecar/; contracts/, system/, project/ and bench/ are besides."""
