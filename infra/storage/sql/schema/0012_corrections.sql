-- 0 for customers who object to profiling: neither training nor lists use their events.
ALTER TABLE customer_profiles ADD COLUMN profiling INTEGER NOT NULL DEFAULT 1;
CREATE INDEX customer_profiles_by_profiling ON customer_profiles (profiling, customer_id);

-- Without new columns:
--
-- `browsing_history.event_type` also has removals (`remove_from_cart`, `remove_from_wishlist`), and what they took back
-- (`cart_taken_back`, `wishlist_taken_back`). All that reads events for lists and training passes over them.
--
-- `product_catalog.withdrawn` is 2 for a product that only events have named so far, which no list contains until the
-- catalogue names it.
--
-- `order_amendments.returned` has under a line feed what went back beyond the other causes; fewer if negative.

-- Histories packed by an earlier release lack the products that went back.
DELETE FROM customer_histories;
