DROP INDEX sessions_sweep_at;
ALTER TABLE sessions DROP COLUMN sweep_at;
ALTER TABLE sessions RESET (fillfactor);
CREATE INDEX sessions_expires_at ON sessions (expires_at);
