-- Proven addresses, one-time secrets, and the letters that carry them.

-- When somebody last proved to read the account's address; whether anybody did.
ALTER TABLE users ADD COLUMN email_verified_at INTEGER;

-- What links and codes in letters are checked against, as digests. Of an account's secrets for one
-- purpose and slot there is one; the slot is an address where there is one for each, and else empty.
CREATE TABLE one_time_secrets (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    slot TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    code_digest BLOB CHECK (length(code_digest) = 32),
    code_expires_at INTEGER,
    address TEXT NOT NULL,
    address_canonical TEXT NOT NULL,
    credential_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, purpose, slot),
    CHECK ((code_digest IS NULL) = (code_expires_at IS NULL))
) STRICT, WITHOUT ROWID;
-- Whose an address was, and can become again.
CREATE INDEX one_time_secrets_address_canonical ON one_time_secrets (address_canonical);
CREATE INDEX one_time_secrets_expires_at ON one_time_secrets (expires_at);

-- Tries of codes. No foreign key: an address that nobody has is tried like any other. A row with no
-- try was made to be locked.
CREATE TABLE code_attempts (
    purpose TEXT NOT NULL,
    address_canonical TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    last_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (purpose, address_canonical)
) STRICT, WITHOUT ROWID;
CREATE INDEX code_attempts_last_at ON code_attempts (last_at);

-- That somebody asked for a letter to an address, be it anybody's. Taken in the order of the numbers.
CREATE TABLE mail_requests (
    id INTEGER PRIMARY KEY NOT NULL,
    what TEXT NOT NULL,
    address TEXT NOT NULL,
    asked_at INTEGER NOT NULL
) STRICT;

-- The outbox. What a letter says is sealed, and is gone once it was sent.
CREATE TABLE letters (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    -- The account that it is about, with which it goes.
    user_id INTEGER REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    sealed BLOB,
    written_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    last_error TEXT,
    settled_at INTEGER,
    CHECK ((state = 'queued') = (settled_at IS NULL)),
    CHECK (state <> 'sent' OR sealed IS NULL)
) STRICT;
CREATE INDEX letters_user_id ON letters (user_id);
CREATE INDEX letters_expires_at ON letters (expires_at);
-- What is to be sent next: each process asks several times a second, and looks at nothing but the letters
-- that are due. It names no state, since a prepared statement has that as a parameter, and no planner
-- would know then that this index holds the rows.
CREATE INDEX letters_due ON letters (next_attempt_at, id, expires_at) WHERE settled_at IS NULL;

-- When letters of one bucket were written, as a list in JSON: nothing here looks into it. An empty one
-- was made to be locked.
CREATE TABLE mail_buckets (
    bucket TEXT PRIMARY KEY NOT NULL,
    times TEXT NOT NULL DEFAULT '[]',
    last_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_buckets_last_at ON mail_buckets (last_at);
