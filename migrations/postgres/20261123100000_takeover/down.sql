DROP TABLE foreign_tokens;
DROP TABLE imports;
DROP TABLE groups;
DROP TABLE account_details;
ALTER TABLE users DROP COLUMN is_imported;
ALTER TABLE users DROP COLUMN is_known_by_subject;
ALTER TABLE users DROP COLUMN groups;
