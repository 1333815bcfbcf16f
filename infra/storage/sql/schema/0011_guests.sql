-- The ids of guests that stand for a customer since a merge. A merged guest has no row in `customer_profiles`. The last columns
-- are how many records the merge moved.
CREATE TABLE merged_guests (
    guest_id TEXT NOT NULL PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customer_profiles (customer_id),
    merged_at INTEGER NOT NULL,
    browsing INTEGER NOT NULL,
    purchases INTEGER NOT NULL,
    returns INTEGER NOT NULL,
    addresses INTEGER NOT NULL
) STRICT;

CREATE INDEX merged_guests_by_customer ON merged_guests (customer_id);

-- For the retention of guests, which looks through them by id.
CREATE INDEX customer_profiles_by_guest ON customer_profiles (is_guest, customer_id, created_at);

-- How many transactions purged guests since the files were scrubbed.
ALTER TABLE shop_state ADD COLUMN n_unscrubbed INTEGER NOT NULL DEFAULT 0;
