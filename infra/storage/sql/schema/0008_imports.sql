-- Other ids of products, by which events may name them. No alias is the id of a product that the catalogue describes.
CREATE TABLE product_aliases (
    alias TEXT NOT NULL PRIMARY KEY,
    product_id TEXT NOT NULL REFERENCES product_catalog (product_id)
) STRICT;

CREATE INDEX product_aliases_by_product ON product_aliases (product_id);

ALTER TABLE customer_profiles ADD COLUMN is_guest INTEGER NOT NULL DEFAULT 0;

-- The import that added an event; NULL for events that came otherwise. Without an index, as only `undo` reads it.
ALTER TABLE browsing_history ADD COLUMN import_id TEXT;
ALTER TABLE purchase_history ADD COLUMN import_id TEXT;

CREATE TABLE imports (
    import_id TEXT NOT NULL PRIMARY KEY,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    kind TEXT NOT NULL,
    files TEXT NOT NULL, -- names, JSON
    options TEXT NOT NULL,
    counts TEXT NOT NULL -- JSON
) STRICT;

CREATE INDEX imports_by_age ON imports (started_at);

-- Orders of which something went back. The columns are the order as bought; `purchase_history` has what is left of it, and no
-- line if nothing is.
CREATE TABLE order_amendments (
    customer_id TEXT NOT NULL REFERENCES customer_profiles (customer_id),
    order_id TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    currency TEXT NOT NULL,
    digest BLOB,
    import_id TEXT,
    bought TEXT NOT NULL, -- [[product_id, quantity, unit_price], ...], JSON
    returned TEXT NOT NULL, -- {return_id or "" for the order's own lines: {product_id: quantity}, {} for all}, JSON
    PRIMARY KEY (customer_id, order_id)
) STRICT;

CREATE INDEX order_amendments_by_order ON order_amendments (order_id);
CREATE INDEX order_amendments_by_age ON order_amendments (occurred_at);

-- Returns that were applied: what they took is in `order_amendments`.
CREATE TABLE order_returns (
    customer_id TEXT NOT NULL REFERENCES customer_profiles (customer_id),
    return_id TEXT NOT NULL,
    occurred_at INTEGER NOT NULL, -- of the return, or of the newest of its orders if that is later
    digest BLOB, -- of the content as sent; NULL once an order that it took from is gone
    import_id TEXT,
    content TEXT NOT NULL, -- the order and the items as sent, JSON
    orders TEXT NOT NULL, -- the ids of the orders that it took from, JSON
    PRIMARY KEY (customer_id, return_id)
) STRICT;

CREATE INDEX order_returns_by_import ON order_returns (import_id);
CREATE INDEX order_returns_by_age ON order_returns (occurred_at);

-- What an import replaced: orders, and returns (`order_id` then begins with a line feed, which no id contains).
CREATE TABLE import_changes (
    customer_id TEXT NOT NULL REFERENCES customer_profiles (customer_id),
    import_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    before_import_id TEXT, -- the import that stored what was replaced
    before TEXT NOT NULL, -- JSON
    PRIMARY KEY (customer_id, import_id, order_id)
) STRICT;

CREATE INDEX import_changes_by_import ON import_changes (import_id);
CREATE INDEX import_changes_by_replaced ON import_changes (before_import_id);
CREATE INDEX import_changes_by_age ON import_changes (occurred_at);
