"""The command line: the first surface of the operations."""
