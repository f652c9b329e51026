-- Written by `make docs`. The table of the official stream `deal_products`.
CREATE OR REPLACE VIEW pipedrive_official."deal_products" AS
SELECT
    "id",
    "sum",
    "tax",
    "deal_id",
    "name",
    "product_id",
    "product_variation_id",
    "order_nr",
    "add_time",
    "update_time",
    "comments",
    "currency",
    "discount",
    "discount_type",
    "quantity",
    "item_price",
    "tax_method",
    "is_enabled",
    "billing_frequency",
    "billing_frequency_cycles",
    "billing_start_date",
    "is_deleted",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."deal_products";
