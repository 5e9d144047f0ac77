"""The OpenAPI document: described from the shapes that check what comes in and type what goes out.

`described` puts a summary, parameters, bodies and answers on a view method; `add_shapes` then
adds the components that they refer to. Every refusal is the one shape `Problem`.
"""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from msgspec import Meta, Struct

F = TypeVar("F", bound=Callable[..., Any])
Answers = Mapping[int | tuple[int, str], Any]

_TEMPLATE = "#/components/schemas/{name}"
_PROBLEM = "application/problem+json"
_SHAPES: dict[str, Any] = {}


class Problem(Struct, frozen=True, kw_only=True):
    """Problem details (RFC 9457). Beside these members stand the facts of the case."""

    type: Annotated[str, Meta(description="an address that names the kind of problem")]
    title: str
    status: int
    detail: str
    code: Annotated[str, Meta(description="stable; docs/errors.md lists all")]
    hint: Annotated[str, Meta(description="what to do next")]
    at: Annotated[str, Meta(description="JSON path of the culprit")] = "$"


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tells the document how to get a token."""

    target_class = "traceability.api.auth.BearerToken"
    name = "oauth2"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the OAuth2 flow of machines."""
        scopes = {"read": "read what your organization may see", "write": "record statements"}
        return {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "/o/token/", "scopes": scopes}},
        }


def described(
    summary: str,
    description: str,
    *,
    answers: Answers,
    parameters: type[Struct] | None = None,
    body: Mapping[str, Any] | None = None,
    refused: tuple[int, ...] = (),
    sent: Mapping[str, Any] | None = None,
    answered: Any = None,
) -> Callable[[F], F]:
    """Describe a view method in the OpenAPI document.

    Args:
        summary: one line.
        description: what a client must know.
        answers: type of the body by status, or by status and media type.
        parameters: the shape of the query.
        body: type of the request body by media type.
        refused: statuses of problems, besides 400, 401, 403 and 404 where they always apply.
        sent: an example of the body by media type.
        answered: an example of the successful answer.
    """
    problems = {(status, _PROBLEM): _told(status, schema_of(Problem)) for status in refused}
    if parameters is not None:
        problems[400, _PROBLEM] = _told(400, schema_of(Problem))
    told = {
        status: _told(status if isinstance(status, int) else status[0], schema_of(shape))
        for status, shape in answers.items()
    }

    def decorate(method: F) -> F:
        told_of: F = extend_schema(
            operation_id=_operation(method.__qualname__),
            tags=[method.__module__.rpartition(".")[2]],
            summary=summary,
            description=description,
            parameters=_query(parameters) if parameters is not None else None,
            request={media: schema_of(shape) for media, shape in body.items()} if body else None,
            responses=told | problems,
            examples=_examples(sent or {}, answered),
        )(method)
        return told_of

    return decorate


def schema_of(shape: Any) -> dict[str, Any]:
    """Return the schema of a type, and remember the components it refers to."""
    if shape is bytes:
        return {"type": "string", "format": "binary"}
    [schema], components = msgspec.json.schema_components([shape], ref_template=_TEMPLATE)
    _SHAPES.update({name: _portable(told) for name, told in components.items()})
    return dict(_portable(schema))


def add_shapes(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the shapes to the components and 401 to what needs a login: a spectacular hook."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(dict(sorted(_SHAPES.items())))
    unauthenticated = {
        "description": "no token, or one that is not good",
        "content": {_PROBLEM: {"schema": schema_of(Problem)}},
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            if operation.get("security"):
                operation["responses"].setdefault("401", unauthenticated)
                operation["responses"].setdefault(
                    "403", unauthenticated | {"description": "not you"}
                )
    return result


def _examples(sent: Mapping[str, Any], answered: Any) -> list[OpenApiExample]:
    bodies = [
        OpenApiExample("Sent", value=value, request_only=True, media_type=media)
        for media, value in sent.items()
    ]
    if answered is None:
        return bodies
    statuses = ["200", "201"]
    answer = OpenApiExample("Answered", value=answered, response_only=True, status_codes=statuses)
    return [*bodies, answer]


def _told(status: int, schema: dict[str, Any]) -> OpenApiResponse:
    """Return an answer with the words that belong to its status."""
    return OpenApiResponse(schema, description=HTTPStatus(status).phrase)


def _operation(method: str) -> str:
    """Return the operation's id: `LotBundleView.get` is `get_lot_bundle`."""
    view, _, verb = method.rpartition(".")
    words = re.findall(r"[A-Z][a-z]+", view.removesuffix("View"))
    return "_".join([verb, *(word.lower() for word in words)])


def _query(shape: type[Struct]) -> list[OpenApiParameter]:
    [_], components = msgspec.json.schema_components([shape], ref_template=_TEMPLATE)
    needed = components[shape.__name__].get("required", ())
    return [
        OpenApiParameter(
            name,
            {key: value for key, value in _named(told).items() if key != "default"},
            OpenApiParameter.QUERY,
            description=told.get("description", ""),
            required=name in needed,
        )
        for name, told in _portable(components[shape.__name__])["properties"].items()
    ]


def _named(told: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that may be left out, but never is null."""
    kinds = [one for one in told.get("anyOf", ()) if one != {"type": "null"}]
    return kinds[0] if kinds else told


def _portable(value: Any) -> Any:
    r"""Return a schema with the anchors that every reader knows: `\A` and `\Z` are Python's."""
    if isinstance(value, dict):
        return {
            key: _anchored(item) if key == "pattern" else _portable(item)
            for key, item in value.items()
        }
    return [_portable(item) for item in value] if isinstance(value, list) else value


def _anchored(pattern: Any) -> Any:
    if not isinstance(pattern, str):
        return _portable(pattern)
    return re.sub(r"\\Z\Z", "$", re.sub(r"\A\\A", "^", pattern))
