-- Attributes as JSON with a blank after each value, by which filters find a value; NULL without any.
ALTER TABLE product_catalog ADD COLUMN attributes TEXT;
CREATE INDEX product_catalog_by_brand ON product_catalog (in_stock, withdrawn, brand, created_at, product_index);
