-- Indexes that every engine takes: on whole tables, with what is available in front.

DROP INDEX product_catalog_by_category;
DROP INDEX product_catalog_by_age;
CREATE INDEX product_catalog_by_category ON product_catalog (in_stock, withdrawn, category, created_at, product_index);
CREATE INDEX product_catalog_by_age ON product_catalog (in_stock, withdrawn, created_at, product_index);

CREATE INDEX browsing_history_by_age ON browsing_history (occurred_at);
CREATE INDEX purchase_history_by_age ON purchase_history (occurred_at);
