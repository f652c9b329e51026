-- Written by `make docs`. The table of the official stream `deal_installments`.
CREATE OR REPLACE VIEW pipedrive_official."deal_installments" AS
SELECT
    "id",
    "amount",
    CAST("billing_date" AS VARCHAR) AS "billing_date",
    "description",
    "deal_id",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."deal_installments";
