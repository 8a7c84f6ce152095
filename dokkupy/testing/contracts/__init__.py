"""The contract suites: what every implementation of a seam must do, as tests to subclass."""
