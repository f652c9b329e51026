"""Queries on the tables of the demo that show what they are good for."""

from typing import NamedTuple


class Query(NamedTuple):
    """SQL, and the question that it answers."""

    question: str
    sql: str


QUERIES = (
    Query(
        "What did each pipeline win?",
        "SELECT p.name, count(*) AS won, round(sum(value)) AS eur FROM deals JOIN pipelines p "
        "ON p.id = pipeline_id WHERE status = 'won' AND currency = 'EUR' GROUP BY ALL",
    ),
    Query(
        "Who has the most overdue activities?",
        "SELECT u.name, count(*) AS overdue FROM activities JOIN users u ON u.id = owner_id "
        "WHERE NOT done AND due_date < current_date GROUP BY ALL ORDER BY overdue DESC",
    ),
    Query(
        "Which type of contract is won most often? (A custom field, with its labels.)",
        "SELECT custom_contract_type, round(avg((status = 'won')::int), 2) AS won FROM deals "
        "WHERE status <> 'open' GROUP BY ALL ORDER BY won DESC",
    ),
)
