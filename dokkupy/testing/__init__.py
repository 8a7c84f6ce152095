"""What plugin authors and the core test with: fakes, fixtures, contract suites."""
