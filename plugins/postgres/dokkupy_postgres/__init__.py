"""The postgres plugin: PostgreSQL services."""
