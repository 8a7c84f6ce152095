"""The tables of `state.db`, as an ordered list of migrations that are only ever appended to."""

from __future__ import annotations

from typing import Final

_FIRST: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE scopes (name TEXT PRIMARY KEY) STRICT;
INSERT INTO scopes VALUES ('');

CREATE TABLE apps (
  name TEXT PRIMARY KEY REFERENCES scopes (name) ON UPDATE CASCADE ON DELETE CASCADE,
  created_at REAL NOT NULL,
  deploy_branch TEXT NOT NULL DEFAULT '',
  locked_by TEXT NOT NULL DEFAULT '',
  stopped INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE config (
  scope TEXT NOT NULL REFERENCES scopes (name) ON UPDATE CASCADE ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT;

CREATE TABLE documents (
  scope TEXT NOT NULL REFERENCES scopes (name) ON UPDATE CASCADE ON DELETE CASCADE,
  noun TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (scope, noun, key)
) STRICT;
CREATE INDEX documents_by_key ON documents (noun, key);

CREATE TABLE releases (
  app TEXT NOT NULL REFERENCES apps (name) ON UPDATE CASCADE ON DELETE CASCADE,
  number INTEGER NOT NULL,
  image TEXT NOT NULL,
  revision TEXT NOT NULL,
  builder TEXT NOT NULL,
  processes TEXT NOT NULL,
  env TEXT NOT NULL,
  config TEXT NOT NULL,
  release_task TEXT NOT NULL,
  description TEXT NOT NULL,
  actor TEXT NOT NULL,
  created_at REAL NOT NULL,
  state TEXT NOT NULL,
  error TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (app, number)
) STRICT;

CREATE TABLE formation (
  app TEXT NOT NULL REFERENCES apps (name) ON UPDATE CASCADE ON DELETE CASCADE,
  process TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  memory INTEGER NOT NULL,
  cpus REAL NOT NULL,
  pids INTEGER NOT NULL,
  PRIMARY KEY (app, process)
) STRICT;

CREATE TABLE instances (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  app TEXT NOT NULL REFERENCES apps (name) ON UPDATE CASCADE ON DELETE CASCADE,
  release INTEGER NOT NULL,
  process TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  reference TEXT NOT NULL DEFAULT '',
  host TEXT NOT NULL DEFAULT '',
  port INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL
) STRICT;
CREATE INDEX instances_by_app ON instances (app);

CREATE TABLE addresses (
  address TEXT PRIMARY KEY,
  owner TEXT NOT NULL
) STRICT;

CREATE TABLE rollouts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  app TEXT NOT NULL REFERENCES apps (name) ON UPDATE CASCADE ON DELETE CASCADE,
  release INTEGER NOT NULL,
  previous INTEGER NOT NULL,
  state TEXT NOT NULL,
  git_ref TEXT NOT NULL DEFAULT '',
  git_old TEXT NOT NULL DEFAULT '',
  git_new TEXT NOT NULL DEFAULT '',
  started_at REAL NOT NULL,
  finished_at REAL NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX rollouts_unfinished ON rollouts (app) WHERE finished_at = 0;

CREATE TABLE steps (
  app TEXT NOT NULL REFERENCES apps (name) ON UPDATE CASCADE ON DELETE CASCADE,
  release INTEGER NOT NULL,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  at REAL NOT NULL,
  seconds REAL NOT NULL,
  PRIMARY KEY (app, release, position)
) STRICT;

CREATE TABLE routes (
  app TEXT PRIMARY KEY REFERENCES apps (name) ON UPDATE CASCADE ON DELETE CASCADE,
  hosts TEXT NOT NULL
) STRICT;

CREATE TABLE keys (
  name TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE,
  public TEXT NOT NULL,
  added_at REAL NOT NULL
) STRICT;

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at REAL NOT NULL,
  actor TEXT NOT NULL,
  verb TEXT NOT NULL,
  app TEXT NOT NULL,
  data TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_app ON events (app);
"""

_PRUNED: Final = """
ALTER TABLE releases ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;
CREATE INDEX releases_by_kept_image ON releases (app, image) WHERE pruned = 0;
"""

_SECURE: Final = """
ALTER TABLE routes ADD COLUMN secure TEXT NOT NULL DEFAULT '[]';
"""

_BUILDS: Final = """
CREATE TABLE builds (
  app TEXT NOT NULL REFERENCES apps (name) ON UPDATE CASCADE ON DELETE CASCADE,
  number INTEGER NOT NULL,
  state TEXT NOT NULL,
  origin TEXT NOT NULL,
  revision TEXT NOT NULL,
  builder TEXT NOT NULL DEFAULT '',
  image TEXT NOT NULL DEFAULT '',
  processes TEXT NOT NULL DEFAULT '[]',
  release_task TEXT NOT NULL DEFAULT '[]',
  actor TEXT NOT NULL,
  created_at REAL NOT NULL,
  finished_at REAL NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (app, number)
) STRICT;
CREATE INDEX builds_unfinished ON builds (app) WHERE finished_at = 0;
ALTER TABLE releases ADD COLUMN build INTEGER NOT NULL DEFAULT 0;
"""

MIGRATIONS: Final[tuple[str, ...]] = (_FIRST, _PRUNED, _SECURE, _BUILDS)
"""`MIGRATIONS[n]` lifts a database of version n to n + 1 (`PRAGMA user_version`)."""
