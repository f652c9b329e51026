"""Contract over all schemas: the house style, and Pipedrive's own OpenAPI files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from airbyte_cdk.sources.declarative.schema import JsonFileSchemaLoader
from jsonschema import Draft7Validator

import source_pipedrive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SCHEMAS = Path(source_pipedrive.__file__).parent / "schemas"
STREAMS = sorted(path.stem for path in SCHEMAS.glob("*.json"))
CONTRACT = Path(__file__).parents[2] / "shared" / "pipedrive-api"

# stream -> the operations of the contract whose records it holds: "<version> <path>"
ENDPOINTS = {
    "activities": ["v2 /activities"],
    "activity_fields": ["v2 /activityFields"],
    "activity_types": ["v1 /activityTypes"],
    "call_logs": ["v1 /callLogs"],
    "currencies": ["v1 /currencies"],
    "deal_changelog": ["v1 /deals/{id}/changelog"],
    "deal_discounts": ["v2 /deals/{id}/discounts"],
    "deal_fields": ["v2 /dealFields"],
    "deal_followers": ["v2 /deals/{id}/followers"],
    "deal_installments": ["v2 /deals/installments"],
    "deal_participants": ["v1 /deals/{id}/participants"],
    "deal_products": ["v2 /deals/products"],
    "deals": ["v2 /deals", "v2 /deals/archived"],
    "files": ["v1 /files"],
    "filters": ["v1 /filters"],
    "goals": ["v1 /goals/find"],
    "lead_fields": ["v1 /leadFields"],
    "lead_labels": ["v1 /leadLabels"],
    "lead_sources": ["v1 /leadSources"],
    "leads": ["v1 /leads", "v1 /leads/archived"],
    "legacy_teams": ["v1 /legacyTeams"],
    "mail_messages": ["v1 /mailbox/mailThreads/{id}/mailMessages"],
    "mail_threads": ["v1 /mailbox/mailThreads"],
    "note_comments": ["v1 /notes/{id}/comments"],
    "note_fields": ["v1 /noteFields"],
    "notes": ["v1 /notes"],
    "organization_changelog": ["v1 /organizations/{id}/changelog"],
    "organization_fields": ["v2 /organizationFields"],
    "organization_followers": ["v2 /organizations/{id}/followers"],
    "organization_relationships": ["v1 /organizationRelationships"],
    "organizations": ["v2 /organizations"],
    "permission_set_assignments": ["v1 /permissionSets/{id}/assignments"],
    "permission_sets": ["v1 /permissionSets"],
    "person_changelog": ["v1 /persons/{id}/changelog"],
    "person_fields": ["v2 /personFields"],
    "person_followers": ["v2 /persons/{id}/followers"],
    "persons": ["v2 /persons"],
    "pipelines": ["v2 /pipelines"],
    "product_fields": ["v2 /productFields"],
    "product_followers": ["v2 /products/{id}/followers"],
    "product_variations": ["v2 /products/{id}/variations"],
    "products": ["v2 /products"],
    "project_boards": ["v2 /boards"],
    "project_changelog": ["v2 /projects/{id}/changelog"],
    "project_fields": ["v2 /projectFields"],
    "project_phases": ["v2 /phases"],
    "project_templates": ["v2 /projectTemplates"],
    "projects": ["v2 /projects", "v2 /projects/archived"],
    "role_assignments": ["v1 /roles/{id}/assignments"],
    "roles": ["v1 /roles"],
    "stages": ["v2 /stages"],
    "tasks": ["v2 /tasks"],
    "user_settings": ["v1 /userSettings"],
    "users": ["v1 /users"],
    "webhooks": ["v1 /webhooks"],
}
# taken out of the field definitions and of the inbox of webhooks; no operation of their own
MADE_HERE = {"field_options", "events"}

# operations that list something and are no stream, by pattern
EXCLUDED = {
    "v1 /*/search": "answers a search term",
    "v2 /*/search": "answers a search term",
    "v2 /itemSearch*": "answers a search term",
    "v1 /users/find": "answers a search term",
    "v1 /deals/summary*": "a report over `deals`",
    "v1 /deals/timeline*": "a report over `deals`",
    "v1 /pipelines/{id}/*_statistics": "a report over `deals`",
    "v1 /goals/{id}/results": "a report over `goals`",
    "v1 /deals/archived": "deprecated twin of the v2 list",
    "v1 /activityFields": "twin of the v2 list, read only where that one is refused",
    "v1 /dealFields": "twin of the v2 list",
    "v1 /organizationFields": "twin of the v2 list",
    "v1 /personFields": "twin of the v2 list",
    "v1 /productFields": "twin of the v2 list",
    "v1 /projectTemplates": "twin of the v2 list",
    "v1 /projects*": "twins of the v2 lists, and the page layout of one project",
    "v1 /tasks": "twin of the v2 list",
    "v1 /*/{id}/followers": "twins of the v2 lists",
    "v2 /users/{id}/followers": "who follows a colleague, not a customer",
    "v2 /deals/{id}/products": "rows of `deal_products`, at a hundred times the price",
    "v1 /pipelines/{id}/deals": "rows of `deals`",
    "v1 /stages/{id}/deals": "rows of `deals`",
    "v1 /products/{id}/deals": "rows of `deals`",
    "v1 /persons/{id}/products": "rows of `deal_products`",
    "v1 /*/{id}/files": "rows of `files`",
    "v1 /deals/{id}/mailMessages": "rows of `mail_messages`",
    "v1 /organizations/{id}/mailMessages": "rows of `mail_messages`",
    "v1 /persons/{id}/mailMessages": "rows of `mail_messages`",
    "v1 /legacyTeams/{id}/users": "`legacy_teams.users`",
    "v1 /users/{id}/roleAssignments": "rows of `role_assignments`",
    "v1 /recents": "reaches back one month at most, with partial records",
    "v1 /*/{id}/flow": "the edits of the changelog streams, at twice the price",
    "v1 /deals/{id}/participantsChangelog": "a call per deal for what `deal_participants` holds",
    "v2 /*/{id}/followers/changelog": "a call per record for what the followers streams hold",
    "v1 /*/{id}/permittedUsers": "follows from `visible_to`, owners and roles",
    "v2 /projects/{id}/permittedUsers": "follows from `visible_to`, owners and roles",
    "v1 /roles/{id}/settings": "settings of the screen, a call per role",
    "v1 /roles/{id}/pipelines": "settings of the screen, a call per role",
    "v1 /users/{id}/permissions": "follows from `permission_set_assignments`",
    "v1 /users/{id}/roleSettings": "settings of the screen, a call per user",
    "v1 /users/me": "the user of the key, read by `check`; a row of `users`",
    "v1 /userConnections": "outside accounts of the user of the key",
    "v1 /billing/subscriptions/addons": "the bill for Pipedrive; the contract names no properties",
    "v1 /filters/helpers": "constants for building filters",
    "v1 /files/{id}/download": "contents, not records",
    "v2 /persons/{id}/picture": "links that expire",
    "v2 /products/{id}/images": "links that expire",
    "v1 /oauth/authorize": "the login page",
}

# properties beyond the contract's schemas, samples and `include_fields`
ADDITIONS = {
    "activities.outcome": "in Pipedrive's SDK 33.7.0, newer than the contract files",
    "deal_changelog.deal_id": "names the parent",
    "deal_changelog.id": "primary key, a hash",
    "deal_followers.deal_id": "names the parent",
    "deal_participants.deal_id": "names the parent",
    "goals.expected_outcome.currency_id": "documented where goals are added and searched",
    "goals.type.params.stage_id": "documented where goals are added and searched",
    "lead_fields.options_deleted.id": "shaped like `options`; the contract draws no shape",
    "lead_fields.options_deleted.label": "shaped like `options`; the contract draws no shape",
    "leads.archive_time": "sent by the live API",
    "note_comments.note_id": "names the parent",
    "organization_changelog.id": "primary key, a hash",
    "organization_changelog.organization_id": "names the parent",
    "organization_followers.organization_id": "names the parent",
    "person_changelog.id": "primary key, a hash",
    "person_changelog.person_id": "names the parent",
    "person_followers.person_id": "names the parent",
    "product_followers.product_id": "names the parent",
    "project_changelog.id": "primary key, a hash",
    "project_changelog.project_id": "names the parent",
    "projects.is_archived": "tells which of the two lists the row came from",
    **{
        f"{stream}.is_deleted": "set on the tombstones that webhooks bring"
        for stream in (
            "deal_installments",
            "deal_products",
            "leads",
            "notes",
            "projects",
            "tasks",
        )
    },
    **{
        f"{stream}.merged_into_id": "set on the tombstones that webhooks bring"
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
    **{
        f"{stream}.parent_update_time": "cursor of the streams that hang on another object"
        for stream in (
            "deal_changelog",
            "deal_discounts",
            "deal_followers",
            "deal_installments",
            "deal_participants",
            "deal_products",
            "mail_messages",
            "note_comments",
            "organization_changelog",
            "organization_followers",
            "organization_relationships",
            "person_changelog",
            "person_followers",
            "product_followers",
            "product_variations",
            "project_changelog",
        )
    },
}

# properties whose type is wider than the contract's
WIDENED = {
    "goals.expected_outcome.target": "may be a sum of money",
    "organization_relationships.active_flag": "a flag that arrives as text",
    "organizations.annual_revenue": "money",
    "stages.deal_probability": "a percentage",
}

V1_STREAMS_WITH_RFC3339 = {
    "call_logs",
    "lead_labels",
    "leads",
    "mail_messages",
    "mail_threads",
    "note_comments",
    "webhooks",
}
TIMES = re.compile(r"(_time|_timestamp|_at)$|^(time|created|modified|last_login)$")
NOT_TIMESTAMPS = {
    "due_time": "a time of day",
    "next_activity_time": "a time of day",
    "message_time": "a number of milliseconds where a participant of a mail has it",
}
KNOWN_FORMATS = {None, "date", "date-time"}
KEYWORDS = {
    "type",
    "description",
    "format",
    "airbyte_type",
    "additionalProperties",
    "properties",
    "items",
}


def _load(stream: str) -> dict[str, Any]:
    """Return the schema as the manifest's loader reads it, shared shapes resolved."""
    file_path = f"./source_pipedrive/schemas/{stream}.json"
    loader = JsonFileSchemaLoader(config={}, parameters={}, file_path=file_path)
    return dict(loader.get_json_schema())


@pytest.fixture(scope="session")
def schemas() -> dict[str, dict[str, Any]]:
    return {stream: _load(stream) for stream in STREAMS}


def _walk(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every property at every depth with its dotted path; lists add no step."""
    for name, prop in schema.get("properties", {}).items():
        yield f"{path}.{name}", prop
        yield from _walk(prop, f"{path}.{name}")
        yield from _walk(prop.get("items", {}), f"{path}.{name}")


def _parts(prop: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the property itself and, of a list, what it is a list of."""
    return [prop, prop["items"]] if "items" in prop else [prop]


def _leaf(path: str) -> str:
    return path.rpartition(".")[2]


each_stream = pytest.mark.parametrize("stream", STREAMS)


@each_stream
def test_is_valid_draft_07(stream: str, schemas: dict[str, dict[str, Any]]) -> None:
    schema = schemas[stream]

    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema)


@each_stream
def test_root_says_what_one_record_is(stream: str, schemas: dict[str, dict[str, Any]]) -> None:
    schema = schemas[stream]

    assert list(schema) == [
        "$schema",
        "title",
        "description",
        "type",
        "additionalProperties",
        "properties",
    ]
    assert re.fullmatch(r"[A-Z][a-z]+( [a-z]+)*", schema["title"])
    assert re.fullmatch(r"[A-Z].*[^.]\.", schema["description"])
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is True


@each_stream
def test_every_property_is_nullable_and_described(
    stream: str, schemas: dict[str, dict[str, Any]]
) -> None:
    wrong = [
        path
        for path, prop in _walk(schemas[stream], stream)
        if len(prop["type"]) == 1
        or any(part["type"][0] != "null" for part in _parts(prop))
        or not re.fullmatch(r"[A-Z0-9`].*[^.]\.", prop.get("description", ""))
    ]

    assert wrong == []


@each_stream
def test_every_property_uses_known_keywords_and_formats(
    stream: str, schemas: dict[str, dict[str, Any]]
) -> None:
    wrong = [
        path
        for path, prop in _walk(schemas[stream], stream)
        if not KEYWORDS.issuperset(prop)
        or prop.get("format") not in KNOWN_FORMATS
        or ("array" in prop["type"]) is not ("items" in prop)
    ]

    assert wrong == []


@each_stream
def test_every_object_lets_further_properties_pass(
    stream: str, schemas: dict[str, dict[str, Any]]
) -> None:
    wrong = [
        path
        for path, prop in _walk(schemas[stream], stream)
        for part in _parts(prop)
        if ("object" in part["type"]) is not (part.get("additionalProperties") is True)
    ]

    assert wrong == []


@each_stream
def test_no_description_only_repeats_the_name(
    stream: str, schemas: dict[str, dict[str, Any]]
) -> None:
    filler = {"a", "an", "the", "of", "in", "is", "to", "or", "and", "whether"}
    wrong = [
        path
        for path, prop in _walk(schemas[stream], stream)
        if set(re.findall(r"[a-z0-9]+", prop["description"].lower()))
        <= filler | set(_leaf(path).split("_"))
    ]

    assert wrong == []


@each_stream
def test_every_time_is_typed_as_its_api_version_writes_it(
    stream: str, schemas: dict[str, dict[str, Any]]
) -> None:
    versions = {operation.split()[0] for operation in ENDPOINTS.get(stream, [])}
    zoned = versions == {"v2"} or stream in V1_STREAMS_WITH_RFC3339

    wrong = []
    for path, prop in _walk(schemas[stream], stream):
        # the connector's own column is written in one form for all
        own = _leaf(path) == "parent_update_time" or stream in MADE_HERE
        expected = "timestamp_with_timezone" if zoned or own else "timestamp_without_timezone"
        named_as_time = TIMES.search(_leaf(path)) and not (
            _leaf(path) in NOT_TIMESTAMPS and prop.get("format") is None
        )
        typed_as_time = prop.get("format") == "date-time"
        named_as_date = _leaf(path).endswith("_date") and "string" in prop["type"]
        if (
            bool(named_as_time) is not typed_as_time
            or (typed_as_time and prop.get("airbyte_type") != expected)
            or (not typed_as_time and "airbyte_type" in prop)
            or (named_as_date and prop.get("format") != "date")
        ):
            wrong.append(path)

    assert wrong == []


@each_stream
def test_every_column_that_a_description_names_exists(
    stream: str, schemas: dict[str, dict[str, Any]]
) -> None:
    texts = [schemas[stream]["description"]]
    texts += [prop["description"] for _, prop in _walk(schemas[stream], stream)]
    named = re.findall(r"`([a-z_]+)\.([a-z_]+)`", " ".join(texts))

    assert [
        f"{other}.{column}"
        for other, column in named
        if column not in schemas.get(other, {}).get("properties", {})
    ] == []


@pytest.mark.parametrize(
    "path",
    sorted(SCHEMAS.rglob("*.json")),
    ids=lambda path: path.relative_to(SCHEMAS).with_suffix("").as_posix(),
)
def test_a_property_without_parts_takes_one_line(path: Path) -> None:
    text = path.read_text("utf-8")
    lines = re.findall(r'^ *("\w+": \{ .* \}),?$', text, re.MULTILINE)
    on_one_line = [json.loads(f"{{{line}}}") for line in lines]

    assert [
        name
        for name, prop in _walk(json.loads(text), path.stem)
        if "properties" not in prop.get("items", prop) and {_leaf(name): prop} not in on_one_line
    ] == []


def test_every_shared_shape_is_used() -> None:
    text = "".join(path.read_text("utf-8") for path in SCHEMAS.rglob("*.json"))

    assert {path.name for path in (SCHEMAS / "shared").iterdir()} == set(
        re.findall(r'"\$ref": "([^"]+)"', text)
    )


def test_every_stream_has_its_operation() -> None:
    assert set(STREAMS) == ENDPOINTS.keys() | MADE_HERE


@dataclass(frozen=True)
class Shape:
    """One value of the contract: all its schemas, references and compositions taken apart."""

    document: Mapping[str, Any]
    schemas: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, document: Mapping[str, Any], *nodes: Mapping[str, Any]) -> Shape:
        return cls(document, [flat for node in nodes for flat in _flatten(document, node)])

    @property
    def types(self) -> set[str]:
        types = {schema["type"] for schema in self.schemas if "type" in schema}
        # numbers out of a list, such as the flags 0 and 1, are whole
        whole = any("enum" in schema for schema in self.schemas) and "number" in types
        return types - {"number"} | {"integer"} if whole else types

    @property
    def formats(self) -> set[str]:
        return {schema.get("format", "") for schema in self.schemas} & {"date", "date-time"}

    @property
    def properties(self) -> dict[str, Shape]:
        nodes: dict[str, list[Mapping[str, Any]]] = {}
        for schema in self.schemas:
            for name, node in schema.get("properties", {}).items():
                nodes.setdefault(str(name), []).append(node)
        return {name: Shape.of(self.document, *found) for name, found in nodes.items()}

    @property
    def items(self) -> Shape:
        nodes = [schema["items"] for schema in self.schemas if "items" in schema]
        return Shape.of(self.document, *nodes)

    @property
    def element(self) -> Shape:
        """What a list consists of, or the value itself."""
        return self.items if self.items.schemas else self


def _flatten(document: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        yield from _flatten(document, target)
        return
    yield node
    for composition in ("allOf", "oneOf", "anyOf"):
        for part in node.get(composition, []):
            yield from _flatten(document, part)


@dataclass(frozen=True)
class Contract:
    """Pipedrive's OpenAPI files by API version."""

    documents: Mapping[str, Mapping[str, Any]]

    def operations(self) -> list[str]:
        """Return every operation that reads, except reads of one record by its id."""
        return [
            f"{version} {path}"
            for version, document in self.documents.items()
            for path, methods in document["paths"].items()
            if "get" in methods and not path.endswith("}")
        ]

    def record(self, operation: str) -> Shape:
        """Return what one record of the operation looks like."""
        document = self.documents[operation.partition(" ")[0]]
        data = Shape.of(document, self._answer(operation)["schema"]).properties["data"]
        data = data.properties.get("goals", data)  # the one list that is wrapped once more
        return data.element

    def samples(self, operation: str) -> list[dict[str, Any]]:
        """Return the records of the operation's sample answer."""
        data = self._answer(operation)["example"]["data"]
        records = data.get("goals", [data]) if isinstance(data, dict) else data
        # YAML reads the sizes of a picture as numbers
        return [json.loads(json.dumps(record)) for record in records]

    def include_fields(self, operation: str) -> set[str]:
        """Return the further properties that the operation sends on request."""
        return {
            name
            for parameter in self._get(operation).get("parameters", [])
            if parameter["name"] == "include_fields"
            for names in parameter["schema"]["enum"]
            for name in names.split(",")
        }

    def _get(self, operation: str) -> Mapping[str, Any]:
        version, path = operation.split()
        get: Mapping[str, Any] = self.documents[version]["paths"][path]["get"]
        return get

    def _answer(self, operation: str) -> Mapping[str, Any]:
        content = self._get(operation)["responses"]["200"]["content"]
        answer: Mapping[str, Any] = content["application/json"]
        return answer


@pytest.fixture(scope="session")
def contract() -> Contract:
    files = {version: CONTRACT / f"openapi-{version}.yaml" for version in ("v1", "v2")}
    if not all(file.exists() for file in files.values()):
        pytest.skip("Pipedrive's OpenAPI files are not in ../shared/pipedrive-api")
    return Contract(
        {version: yaml.load(file.read_bytes(), yaml.CSafeLoader) for version, file in files.items()}
    )


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the properties of an object, or of the objects in a list."""
    properties: Mapping[str, Any] = schema.get("items", schema).get("properties", {})
    return properties


def _values(records: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    """Return the objects that the records have under a name, alone or in lists."""
    found = [record.get(name) for record in records]
    flat = [part for value in found for part in (value if isinstance(value, list) else [value])]
    return [value for value in flat if isinstance(value, dict)]


def _differences(shape: Shape, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield where a schema falls short of the contract, at every depth."""
    names = list(_properties(schema))
    promised = [name for name in shape.properties if name in names]
    yield from (f"{path}.{name} is missing" for name in shape.properties if name not in names)
    if [name for name in names if name in promised] != promised:
        yield f"{path} is not in the contract's order"
    for name in promised:
        ours, theirs, here = _properties(schema)[name], shape.properties[name], f"{path}.{name}"
        for part, their_part in ((ours, theirs), (ours.get("items", {}), theirs.items)):
            our_types, their_types = set(part.get("type", [])) - {"null"}, their_part.types
            covered = our_types | ({"integer"} if "number" in our_types else set())
            if not their_types <= covered:
                yield f"{here} is {their_types} in the contract"
            if their_types and not our_types <= their_types and here not in WIDENED:
                yield f"{here} is only {their_types} in the contract"
            if not their_part.formats <= {part.get("format")}:
                yield f"{here} is a {their_part.formats} in the contract"
        yield from _differences(theirs.element, ours, here)


def _undeclared(
    samples: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], path: str
) -> Iterator[str]:
    """Yield what the samples carry and the schema does not list, where it lists anything."""
    properties = _properties(schema)
    for name in {name for sample in samples for name in sample} if properties else ():
        if name not in properties:
            yield f"{path}.{name}"
        else:
            yield from _undeclared(_values(samples, name), properties[name], f"{path}.{name}")


def _additions(
    shape: Shape, samples: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], path: str
) -> Iterator[str]:
    """Yield what the schema lists and neither the contract's schemas nor its samples have."""
    for name, prop in _properties(schema).items():
        theirs = shape.properties.get(name, Shape(shape.document, []))
        if name not in shape.properties and not any(name in sample for sample in samples):
            yield f"{path}.{name}"
        else:
            values = _values(samples, name)
            yield from _additions(theirs.element, values, prop, f"{path}.{name}")


each_operation = pytest.mark.parametrize(
    ("stream", "operation"),
    [(stream, operation) for stream, operations in ENDPOINTS.items() for operation in operations],
)


@each_operation
def test_every_property_of_the_contract_is_there_with_an_agreeing_type(
    stream: str, operation: str, schemas: dict[str, dict[str, Any]], contract: Contract
) -> None:
    assert list(_differences(contract.record(operation), schemas[stream], stream)) == []


@each_operation
def test_every_property_that_include_fields_can_ask_for_is_there(
    stream: str, operation: str, schemas: dict[str, dict[str, Any]], contract: Contract
) -> None:
    assert contract.include_fields(operation) <= schemas[stream]["properties"].keys()


@each_operation
def test_samples_of_the_contract_fit_and_hold_nothing_undeclared(
    stream: str, operation: str, schemas: dict[str, dict[str, Any]], contract: Contract
) -> None:
    samples = contract.samples(operation)

    assert samples
    assert list(_undeclared(samples, schemas[stream], stream)) == []
    for sample in samples:
        Draft7Validator(schemas[stream]).validate(sample)


def test_every_addition_to_the_contract_has_a_reason(
    schemas: dict[str, dict[str, Any]], contract: Contract
) -> None:
    found = set()
    for stream, operations in ENDPOINTS.items():
        on_request = {f"{stream}.{name}" for name in contract.include_fields(operations[0])}
        shape, samples = contract.record(operations[0]), contract.samples(operations[0])
        found |= set(_additions(shape, samples, schemas[stream], stream)) - on_request

    assert found == ADDITIONS.keys()


def test_every_wider_type_is_still_wider(
    schemas: dict[str, dict[str, Any]], contract: Contract
) -> None:
    for path in WIDENED:
        stream, *steps = path.split(".")
        shape, schema = contract.record(ENDPOINTS[stream][0]), schemas[stream]
        for step in steps:
            shape, schema = shape.properties[step], _properties(schema)[step]

        assert set(schema["type"]) - {"null"} != shape.types


def test_every_list_of_the_contract_is_a_stream_or_excluded_with_a_reason(
    contract: Contract,
) -> None:
    read = {operation for operations in ENDPOINTS.values() for operation in operations}
    left = [operation for operation in contract.operations() if operation not in read]

    assert [
        operation
        for operation in left
        if not any(fnmatchcase(operation, pattern) for pattern in EXCLUDED)
    ] == []
    assert [
        pattern
        for pattern in EXCLUDED
        if not any(fnmatchcase(operation, pattern) for operation in left)
    ] == []
