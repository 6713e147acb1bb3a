DROP TABLE instance;
DROP TABLE signing_keys;
DROP TABLE sessions;
DROP TABLE login_names;
DROP TABLE users;
