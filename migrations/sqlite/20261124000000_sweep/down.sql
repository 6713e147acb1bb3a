DROP INDEX sessions_sweep_at;
ALTER TABLE sessions DROP COLUMN sweep_at;
CREATE INDEX sessions_expires_at ON sessions (expires_at);
