"""The mysql plugin: MariaDB and MySQL services."""
