"""Where the schemas differ from Pipedrive's contract, with the reasons."""

#: Properties beyond the contract's schemas, samples, and `include_fields`.
ADDITIONS = {
    "activities.outcome": "in Pipedrive's SDK 33.7.0, which is newer than the contract",
    "deal_changelog.deal_id": "the id of the parent",
    "deal_changelog.id": "primary key, a hash",
    "deal_followers.deal_id": "the id of the parent",
    "deal_mail_messages.deal_id": "the id of the parent",
    "deal_participants.deal_id": "the id of the parent",
    "goals.expected_outcome.currency_id": "documented where goals are added and searched",
    "goals.type.params.stage_id": "documented where goals are added and searched",
    "lead_fields.options_deleted.id": "like `options`; the contract names no properties",
    "lead_fields.options_deleted.label": "like `options`; the contract names no properties",
    "files.people_name": "sent by the live API",
    "lead_fields.group_id": "sent by the live API",
    "leads.archive_time": "sent by the live API",
    "leads.custom_fields": "gathered from the root of the row",
    "mail_messages.deal_id": "sent by the live API",
    "note_fields.group_id": "sent by the live API",
    "note_fields.order_nr": "sent by the live API",
    "notes.lead": "sent by the live API",
    "roles.description": "sent by the live API",
    "note_comments.note_id": "the id of the parent",
    "organization_changelog.id": "primary key, a hash",
    "organization_changelog.organization_id": "the id of the parent",
    "organization_followers.organization_id": "the id of the parent",
    "organization_mail_messages.organization_id": "the id of the parent",
    "person_changelog.id": "primary key, a hash",
    "person_changelog.person_id": "the id of the parent",
    "person_followers.person_id": "the id of the parent",
    "person_mail_messages.person_id": "the id of the parent",
    "product_followers.product_id": "the id of the parent",
    "project_changelog.id": "primary key, a hash",
    "project_changelog.project_id": "the id of the parent",
    "projects.is_archived": "says which of the two lists the row came from",
    **{
        f"{stream}.is_deleted": "set on the tombstones of deletions from webhooks"
        for stream in (
            "deal_installments",
            "deal_products",
            "leads",
            "notes",
            "projects",
            "tasks",
            "project_boards",
            "project_phases",
        )
    },
    **{
        f"{stream}.merged_into_id": "set on the tombstones of deletions from webhooks"
        for stream in (
            "activities",
            "deals",
            "leads",
            "notes",
            "organizations",
            "persons",
            "products",
            "projects",
            "tasks",
        )
    },
    "user_settings.id": "primary key of the only row",
    "users.is_admin": "sent by the live API",
    "users.signup_flow_variation": "sent by the live API",
    **{
        f"{stream}.parent_update_time": "the cursor of child streams"
        for stream in (
            "deal_changelog",
            "deal_discounts",
            "deal_followers",
            "deal_installments",
            "deal_mail_messages",
            "deal_participants",
            "deal_products",
            "mail_messages",
            "note_comments",
            "organization_changelog",
            "organization_followers",
            "organization_mail_messages",
            "organization_relationships",
            "person_changelog",
            "person_followers",
            "person_mail_messages",
            "product_followers",
            "product_variations",
            "project_changelog",
        )
    },
}

#: Types of the contract, and the type that columns with certain names have instead: no value is
#: lost, and one convention holds for all columns.
CONVERTED = {
    ("integer", "boolean"): r"(^is_|^has_|_flag$)",
    ("string", "boolean"): r"_flag$",
    ("string", "integer"): r"(^visible_to|_count|^duration|^object_id|^mail_message_id)$",
    ("boolean", "string"): r"^mandatory_flag$",
    ("integer", "string"): r"^id$",
}

#: Properties whose type is wider than the contract's.
WIDENED = {
    "goals.expected_outcome.target": "may be a sum of money",
    "organizations.annual_revenue": "money",
    "stages.deal_probability": "a percentage",
}
