"""Send a query to a time stamping authority over HTTP (RFC 3161, section 3.4)."""

from __future__ import annotations

from typing import Final

import httpx

from orchestrator.errors import Unavailable

SECONDS: Final = 10.0
LARGEST: Final = 64 * 1024  # bytes: a response with its certificates has a tenth
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


def post_query(url: str, query: bytes) -> bytes:
    """Return the authority's answer, which is not verified; raises `Unavailable`."""
    try:
        with (
            httpx.Client(timeout=SECONDS, follow_redirects=False) as client,
            client.stream(
                "POST", url, content=query, headers={"Content-Type": _QUERY}
            ) as response,
        ):
            return _answer(response)
    except httpx.HTTPError as error:
        raise Unavailable(
            f"The time stamping authority did not answer ({type(error).__name__});"
            " checkpoints go on without stamps meanwhile."
        ) from None


def _answer(response: httpx.Response) -> bytes:
    """Read the body of the one kind of answer there is, and no more than it can be."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if response.status_code != httpx.codes.OK or kind != _REPLY:
        raise Unavailable(
            "The time stamping authority answered with status"
            f" {response.status_code} and no stamp; is ERASURE_TSA_URL right?"
        )
    body = b""
    for part in response.iter_bytes():
        body += part
        if len(body) > LARGEST:
            raise Unavailable("The time stamping authority's answer is too large.")
    return body
