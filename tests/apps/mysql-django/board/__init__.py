"""A board of cards, with its tables made by migrations in the release task."""

import pymysql

pymysql.install_as_MySQLdb()
