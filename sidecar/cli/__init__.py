"""The command line: one module for each command, or a package where it needs more than one."""
