"""Reads of projects and tasks, and of the caller's own mail and calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pipedrive_sandbox.endpoints.declarations import V1, V2, Extra, Get, Paging, Read, one
from pipedrive_sandbox.endpoints.parameters import Filter, equals, status, word
from pipedrive_sandbox.endpoints.v1_shapes import mail_of_record

_PROJECTS: Final = Read(
    table="projects",
    unless={"status": "deleted_at = ''"},
    filters={"status": status("open", "completed", "canceled")},
)
_FOLDER: Final = Filter(
    word("inbox", "drafts", "sent", "archive"),
    lambda value, _table, _now: ("places LIKE ?", [f"%,{value},%"]),
    required=True,
)
#: An administrator sees the messages of colleagues, except private ones; others see their own.
_VISIBLE: Final = "(user_id = :user OR (is_private = 0 AND :user = 1))"
_WITH_MAIL: Final = {"deal": "deals", "person": "persons", "organization": "organizations"}

PROJECTS: Final = (
    Get(f"{V2}/projects", 10, replace(_PROJECTS, where="is_archived = 0"), "projects"),
    Get(f"{V2}/projects/archived", 10, replace(_PROJECTS, where="is_archived = 1"), "projects"),
    Get(f"{V2}/projects/{{id}}", 1, one("projects"), "projects"),
    Get(
        f"{V2}/projects/{{id}}/changelog",
        10,
        Read(
            table="project_changes",
            where="project_id = :id",
            newest_first=True,
            parent="projects",
        ),
        "projects",
    ),
    Get(
        f"{V2}/boards",
        10,
        Read(table="boards", paging=Paging.NONE, extra=Extra.NULL),
        "projects",
    ),
    Get(f"{V2}/boards/{{id}}", 10, one("boards"), "projects"),
    Get(
        f"{V2}/phases",
        10,
        Read(
            table="phases",
            paging=Paging.NONE,
            extra=Extra.NULL,
            filters={"board_id": equals("board_id", required=True)},
        ),
        "projects",
    ),
    Get(f"{V2}/phases/{{id}}", 10, one("phases"), "projects"),
    Get(f"{V2}/projectTemplates", 10, Read(table="project_templates"), "projects"),
    Get(f"{V2}/projectTemplates/{{id}}", 1, one("project_templates"), "projects"),
    Get(f"{V2}/tasks", 10, Read(table="tasks"), "projects"),
    Get(f"{V2}/tasks/{{id}}", 1, one("tasks"), "projects"),
)

MAIL: Final = (
    Get(
        f"{V1}/mailbox/mailThreads",
        20,
        Read(
            table="mail_threads",
            paging=Paging.OFFSET,
            where="user_id = :user",
            filters={"folder": _FOLDER},
        ),
    ),
    Get(
        f"{V1}/mailbox/mailThreads/{{id}}",
        20,
        replace(one("mail_threads"), where="id = :id AND user_id = :user"),
    ),
    Get(
        f"{V1}/mailbox/mailThreads/{{id}}/mailMessages",
        20,
        Read(
            table="mail_messages",
            paging=Paging.NONE,
            extra=Extra.ABSENT,
            where="mail_thread_id = :id AND user_id = :user",
            parent="mail_threads",
        ),
    ),
    *(
        Get(
            f"{V1}/{parents}/{{id}}/mailMessages",
            20,
            Read(
                table="linked_mail",
                paging=Paging.OFFSET,
                where=f"entity = '{entity}' AND parent_id = :id AND {_VISIBLE}",
                include=("body",),
                include_by="include_body",
                shape=mail_of_record,
                flat=True,
                parent=parents,
            ),
        )
        for entity, parents in _WITH_MAIL.items()
    ),
    Get(
        f"{V1}/callLogs",
        20,
        Read(table="call_logs", paging=Paging.OFFSET, limit=50, where="user_id = :user"),
    ),
)
