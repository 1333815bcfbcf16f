-- Experiments. `position` is the order in which they were saved first. Each change raises `rules_version` of `shop_state`.
CREATE TABLE shop_experiments (
    experiment_id TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL, -- JSON
    saved_at INTEGER NOT NULL,
    position INTEGER NOT NULL
) STRICT;

-- The id of the guest whose arms in experiments a customer has, NULL for the arms of the customer's own id.
ALTER TABLE customer_profiles ADD COLUMN experiment_key TEXT;
