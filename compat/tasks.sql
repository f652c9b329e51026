-- Written by `make docs`. The table of the official stream `tasks`.
CREATE OR REPLACE VIEW pipedrive_official."tasks" AS
SELECT
    "id",
    "title",
    "creator_id",
    "description",
    "project_id",
    "is_done",
    "is_milestone",
    CAST("due_date" AS VARCHAR) AS "due_date",
    CAST("start_date" AS VARCHAR) AS "start_date",
    "parent_task_id",
    "assignee_ids",
    "priority",
    "add_time",
    "update_time",
    "marked_as_done_time",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."tasks";
