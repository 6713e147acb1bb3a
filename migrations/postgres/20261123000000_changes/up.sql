-- Whose standing changed, for instances that remember it. The counter is a row of its own, which
-- a unit of work locks last, with its commit: so the numbers have no gap, come in the order of the
-- commits, and no two units of work wait for each other in a circle.
CREATE TABLE change_counter (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    last BIGINT NOT NULL DEFAULT 0
);
INSERT INTO change_counter (id) VALUES (1);

-- No foreign key: that an account was deleted is a change, too.
CREATE TABLE changes (
    number BIGINT PRIMARY KEY,
    user_id BIGINT NOT NULL
);
