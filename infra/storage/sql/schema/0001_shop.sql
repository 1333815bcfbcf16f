-- The application creates all keys. Instants are microseconds since 1970 UTC. Money is in ten-thousandths.

CREATE TABLE customer_profiles (
    customer_id TEXT NOT NULL PRIMARY KEY,
    email TEXT,
    email_key TEXT UNIQUE, -- the e-mail address in one case
    first_name TEXT,
    last_name TEXT,
    phone TEXT,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL -- increases with every change that affects the customer's list
) STRICT;

CREATE TABLE customer_addresses (
    customer_id TEXT NOT NULL REFERENCES customer_profiles (customer_id),
    address_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    line1 TEXT NOT NULL,
    line2 TEXT,
    city TEXT NOT NULL,
    region TEXT,
    postal_code TEXT NOT NULL,
    country TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    PRIMARY KEY (customer_id, address_id)
) STRICT;

-- Only segments that the shop assigned. Computed segments are derived from purchase_history when they are read.
CREATE TABLE customer_segments (
    customer_id TEXT NOT NULL PRIMARY KEY REFERENCES customer_profiles (customer_id),
    segment TEXT NOT NULL
) STRICT;

CREATE TABLE product_catalog (
    product_index INTEGER NOT NULL PRIMARY KEY, -- never reused
    product_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    category TEXT,
    brand TEXT,
    price INTEGER,
    currency TEXT NOT NULL,
    tags TEXT, -- separated by |
    in_stock INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL,
    url TEXT,
    image_url TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX product_catalog_by_category ON product_catalog (category, created_at, product_index);
CREATE INDEX product_catalog_by_age ON product_catalog (created_at, product_index);

CREATE TABLE browsing_history (
    event_id TEXT NOT NULL PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customer_profiles (customer_id),
    product_id TEXT NOT NULL REFERENCES product_catalog (product_id),
    event_type TEXT NOT NULL,
    dwell_seconds REAL,
    occurred_at INTEGER NOT NULL,
    digest BLOB -- of the content as sent; NULL if the shop sent no id
) STRICT;

CREATE INDEX browsing_history_by_customer ON browsing_history (customer_id, occurred_at);

CREATE TABLE purchase_history (
    order_id TEXT NOT NULL,
    line INTEGER NOT NULL, -- from 0
    customer_id TEXT NOT NULL REFERENCES customer_profiles (customer_id),
    product_id TEXT NOT NULL REFERENCES product_catalog (product_id),
    quantity INTEGER NOT NULL,
    unit_price INTEGER,
    currency TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    digest BLOB,
    PRIMARY KEY (order_id, line)
) STRICT;

CREATE INDEX purchase_history_by_customer ON purchase_history (customer_id, occurred_at);

CREATE TABLE customer_recommendations (
    customer_id TEXT NOT NULL PRIMARY KEY REFERENCES customer_profiles (customer_id),
    generated_at INTEGER NOT NULL,
    customer_version INTEGER NOT NULL,
    catalogue_version INTEGER NOT NULL,
    model_id TEXT NOT NULL,
    beginning BLOB NOT NULL, -- the default first page, MessagePack; before `list`, which then need not be read
    list BLOB NOT NULL -- MessagePack
) STRICT;

CREATE TABLE recommendation_models (
    model_id TEXT NOT NULL PRIMARY KEY,
    trained_at INTEGER NOT NULL,
    model BLOB NOT NULL -- MessagePack
) STRICT;

CREATE TABLE product_neighbours (
    model_id TEXT NOT NULL,
    product_index INTEGER NOT NULL,
    bought_together BLOB NOT NULL,
    viewed_together BLOB NOT NULL,
    similar_product BLOB NOT NULL,
    PRIMARY KEY (model_id, product_index)
) STRICT; -- with rowids, because these rows are too long for inner pages of an index

CREATE TABLE product_trends (
    model_id TEXT NOT NULL,
    category TEXT NOT NULL, -- a category path or a prefix of one
    products BLOB NOT NULL,
    PRIMARY KEY (model_id, category)
) STRICT, WITHOUT ROWID;

-- One row: the values that exist once per shop.
CREATE TABLE shop_state (
    slot INTEGER NOT NULL PRIMARY KEY,
    catalogue_version INTEGER NOT NULL, -- increases with every batch that changes a product
    next_product_index INTEGER NOT NULL,
    model_id TEXT NOT NULL,
    training_holder TEXT,
    training_until INTEGER NOT NULL
) STRICT;

INSERT INTO shop_state VALUES (1, 0, 0, 'untrained', NULL, 0);
