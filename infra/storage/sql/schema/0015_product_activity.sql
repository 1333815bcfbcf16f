-- What lists of the whole shop count: the customers of products by the day of their last event, packed, and what rises.
CREATE TABLE product_activity (
    model_id TEXT NOT NULL,
    measure TEXT NOT NULL,
    age_days INTEGER NOT NULL,
    products BLOB NOT NULL,
    PRIMARY KEY (model_id, measure, age_days)
) STRICT;
