-- Accounts that come from another system. Lists are JSON: nothing here looks into them.

-- The names of the account's groups.
ALTER TABLE users ADD COLUMN groups TEXT NOT NULL DEFAULT '[]';
-- Whether others know the account by its subject, which is its key in the system that it comes from.
ALTER TABLE users ADD COLUMN is_known_by_subject INTEGER NOT NULL DEFAULT 0 CHECK (is_known_by_subject IN (0, 1));
-- Whether the account came in from another system, whose tokens may open it.
ALTER TABLE users ADD COLUMN is_imported INTEGER NOT NULL DEFAULT 0 CHECK (is_imported IN (0, 1));

-- What is only carried, of those accounts that have something of it.
CREATE TABLE account_details (
    user_id INTEGER PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    permissions TEXT NOT NULL,
    attributes TEXT NOT NULL
) STRICT;

CREATE TABLE groups (
    name TEXT PRIMARY KEY NOT NULL,
    id INTEGER NOT NULL,
    permissions TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Under which keys accounts came in, and what was seen of them then. No foreign key: that an account
-- was deleted here is to be known, too.
CREATE TABLE imports (
    key_number INTEGER UNIQUE,
    key_text TEXT UNIQUE,
    user_id INTEGER,
    seen TEXT NOT NULL,
    CHECK ((key_number IS NULL) <> (key_text IS NULL))
) STRICT;

-- Refresh tokens that another system issued, by their ids. No foreign key: that one was used up is to
-- be known for longer than the session that it was exchanged for.
CREATE TABLE foreign_tokens (
    id TEXT PRIMARY KEY NOT NULL,
    expires_at INTEGER NOT NULL,
    spent_at INTEGER,
    session_id BLOB CHECK (length(session_id) = 16),
    CHECK (session_id IS NULL OR spent_at IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX foreign_tokens_expires_at ON foreign_tokens (expires_at);
