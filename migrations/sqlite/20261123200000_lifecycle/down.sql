DROP TABLE mail_buckets;
DROP TABLE letters;
DROP TABLE mail_requests;
DROP TABLE code_attempts;
DROP TABLE one_time_secrets;
ALTER TABLE users DROP COLUMN email_verified_at;
