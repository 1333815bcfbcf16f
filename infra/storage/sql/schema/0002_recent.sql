-- Every engine supports these indexes: they are not partial, and start with the columns that make a product available.

DROP INDEX product_catalog_by_category;
DROP INDEX product_catalog_by_age;
CREATE INDEX product_catalog_by_category ON product_catalog (in_stock, withdrawn, category, created_at, product_index);
CREATE INDEX product_catalog_by_age ON product_catalog (in_stock, withdrawn, created_at, product_index);

CREATE INDEX browsing_history_by_age ON browsing_history (occurred_at);
CREATE INDEX purchase_history_by_age ON purchase_history (occurred_at);
