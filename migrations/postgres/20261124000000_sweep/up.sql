-- When a sweep is to look at a session. It is when the session would have expired without a rotation, and
-- a sweep sets it anew; a rotation does not, and so changes no column that is indexed.
-- What is there already, or is stored by instances of the older program, a sweep looks at and sets: here
-- that would hold up everybody for as long as it takes to write every row.
ALTER TABLE sessions ADD COLUMN sweep_at BIGINT NOT NULL DEFAULT 0;
-- Room for the next version of a row on its own page: without, a rotation writes to every index all the same.
ALTER TABLE sessions SET (fillfactor = 80);
DROP INDEX sessions_expires_at;
CREATE INDEX sessions_sweep_at ON sessions (sweep_at);
