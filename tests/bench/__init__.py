"""What the sidecar costs and how fast it is, measured beside bare servers: `make bench` writes docs/benchmarks.md.

Numbers belong to a machine, so nothing here is a test but that of the contents. Each number is a ratio of two servers that took turns under the same
load, so that what else the machine does hits both.
"""
