-- Which list an event came from: its kind, placement and arm, by which reports group, and the number of the list. NULL where the
-- event names no list of this shop.
ALTER TABLE browsing_history ADD COLUMN list_place TEXT; -- [kind, placement, arm], JSON
ALTER TABLE browsing_history ADD COLUMN list_nonce TEXT;
ALTER TABLE purchase_history ADD COLUMN list_place TEXT;
ALTER TABLE purchase_history ADD COLUMN list_nonce TEXT;
ALTER TABLE order_amendments ADD COLUMN lists TEXT; -- {product_id: list}, JSON

-- Reports look through the events of a period: these indexes have what they need of those that name no list.
DROP INDEX browsing_history_by_age;
DROP INDEX purchase_history_by_age;
CREATE INDEX browsing_history_by_age ON browsing_history
    (occurred_at, product_id, event_type, customer_id, list_place, list_nonce);
CREATE INDEX purchase_history_by_age ON purchase_history (occurred_at, product_id, customer_id, order_id, list_nonce);

-- Products of lists that were seen. Without the customer, so without personal data.
CREATE TABLE list_impressions (
    list_nonce TEXT NOT NULL,
    product_index INTEGER NOT NULL,
    list_place TEXT NOT NULL,
    shown_at INTEGER NOT NULL,
    PRIMARY KEY (list_nonce, product_index)
) STRICT, WITHOUT ROWID;

CREATE INDEX list_impressions_by_age ON list_impressions (shown_at, list_place, list_nonce, product_index);
