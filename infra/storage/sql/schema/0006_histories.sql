-- What a list needs of a customer's events, packed into one row. It is valid while `version` is the customer's version.
CREATE TABLE customer_histories (
    customer_id TEXT NOT NULL PRIMARY KEY REFERENCES customer_profiles (customer_id),
    version INTEGER NOT NULL,
    purchases BLOB NOT NULL, -- number, money and instant of the orders, JSON
    events BLOB NOT NULL, -- the newest events
    own BLOB NOT NULL -- all products of the events, with their last purchase
) STRICT;

-- A list is stored as it was answered, so the stored lists of the last release are of no use.
DROP TABLE customer_recommendations;
CREATE TABLE customer_recommendations (
    customer_id TEXT NOT NULL PRIMARY KEY REFERENCES customer_profiles (customer_id),
    generated_at INTEGER NOT NULL,
    customer_version INTEGER NOT NULL,
    catalogue_version INTEGER NOT NULL,
    model_id TEXT NOT NULL,
    length INTEGER NOT NULL, -- the number of products that were asked for
    list BLOB NOT NULL -- MessagePack
) STRICT;
