-- These indexes contain all columns of a customer's history, because its rows are spread over the whole table.

DROP INDEX browsing_history_by_customer;
DROP INDEX purchase_history_by_customer;
CREATE INDEX browsing_history_by_customer ON browsing_history (customer_id, occurred_at, product_id, event_type);
CREATE INDEX purchase_history_by_customer ON purchase_history
    (customer_id, occurred_at, product_id, line, currency, quantity, unit_price);
