-- Whose standing changed, for instances that remember it. The counter is a row of its own, which
-- a unit of work changes last, with its commit: the numbers have no gap and come in the order of
-- the commits.
CREATE TABLE change_counter (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    last INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO change_counter (id) VALUES (1);

-- No foreign key: that an account was deleted is a change, too.
CREATE TABLE changes (
    number INTEGER PRIMARY KEY NOT NULL,
    user_id INTEGER NOT NULL
) STRICT;
