"""What tokens and the acknowledgement of events cost, measured beside bare servers: `make bench` writes docs/benchmarks.md.

Nothing here is a test: numbers belong to a machine. Each number is a ratio of two servers that took turns under the same
load, so that what else the machine does hits both.
"""
