-- Instants are microseconds since 1970-01-01 UTC. The PostgreSQL tree has the same tables and
-- columns under the same names; a test compares the two.

CREATE TABLE users (
    -- AUTOINCREMENT: the number of a deleted account is not given to another one.
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    subject TEXT NOT NULL UNIQUE,
    username TEXT NOT NULL,
    username_canonical TEXT NOT NULL UNIQUE,
    email TEXT,
    email_canonical TEXT UNIQUE,
    full_name TEXT NOT NULL DEFAULT '',
    password TEXT NOT NULL,
    credential_version INTEGER NOT NULL DEFAULT 0,
    tokens_valid_after INTEGER NOT NULL DEFAULT 0,
    is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    is_staff INTEGER NOT NULL DEFAULT 0 CHECK (is_staff IN (0, 1)),
    is_superuser INTEGER NOT NULL DEFAULT 0 CHECK (is_superuser IN (0, 1)),
    date_joined INTEGER NOT NULL,
    last_login INTEGER,
    CHECK ((email IS NULL) = (email_canonical IS NULL))
) STRICT;

-- Every name that somebody logs in with, be it a username or an address: no name belongs to two
-- accounts, and a login looks into one index.
CREATE TABLE login_names (
    name TEXT PRIMARY KEY NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX login_names_user_id ON login_names (user_id);

CREATE TABLE sessions (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ends_at INTEGER,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    ended_at INTEGER,
    end_reason TEXT,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY NOT NULL,
    algorithm TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    activates_at INTEGER NOT NULL,
    retires_at INTEGER
) STRICT, WITHOUT ROWID;

-- One row: what concerns the whole installation.
CREATE TABLE instance (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    root_fingerprint TEXT,
    key_ring_version INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO instance (id) VALUES (1);
