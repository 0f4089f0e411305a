"""Reading a project's objects: one by one, and queries page by page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from connectors.commercetools.options import CommercetoolsOptions
from connectors.commercetools.records import Page, Reference, Refusal, Resource
from connectors.transport.http import Api

PAGE = 500  # the vendor's largest page
_IDS_A_QUERY = 50  # keeps a URL below 4 kB
_CUSTOM_OBJECT_KEY = re.compile(r"[-_~.a-zA-Z0-9]{1,256}")


class Project:
    """
    The reading half of one project's API.

    Values travel as input variables (`var.emails`), never inside a predicate, so
    that no value can change what is asked.
    """

    def __init__(self, api: Api, options: CommercetoolsOptions) -> None:
        self._api = api
        self._options = options

    def path(self, reference: Reference) -> Mapping[str, str]:
        """Return the path values that lead to an object."""
        key = {"projectKey": self._options.project_key}
        if reference.kind == "custom-objects":
            container, name = reference.container or "", reference.key or ""
            return {**key, "container": container, "key": name}
        return {**key, "ID": reference.id}

    async def get(self, reference: Reference) -> Resource | None:
        """Return the object as it is now, or `None` where the vendor has none."""
        answer = await self._api.call(
            f"get_{reference.kind}", path=self.path(reference), accept=(404,)
        )
        if answer.status != 404:  # noqa: PLR2004 (not found)
            return answer.parse(Resource)
        if not answer.parse(Refusal).says("ResourceNotFound"):
            # A wrong base URL or a proxy answers 404 as well.
            raise answer.unexpected()
        return None

    async def several(self, references: Sequence[Reference]) -> AsyncIterator[Resource]:
        """Give what is still there of several objects of one kind."""
        if references[0].kind != "custom-objects":
            ids = [reference.id for reference in references]
            async for found in self.query(references[0].kind, "id in :ids", "ids", ids):
                yield found
            return
        for reference in references:
            if one := await self.get(reference):
                yield one

    async def custom_object(self, container: str, key: str) -> Resource | None:
        """Return the object under *key*, if the key is one the vendor allows."""
        if not _CUSTOM_OBJECT_KEY.fullmatch(key):
            return None
        return await self.get(
            Reference(
                kind="custom-objects", id="", version=0, container=container, key=key
            )
        )

    async def query(
        self, kind: str, predicate: str, variable: str, values: Collection[str]
    ) -> AsyncIterator[Resource]:
        """
        Give every object of *kind* that *predicate* matches for *values*.

        Pages by ascending id, as the vendor advises: offsets end at 10,000 and skip
        records while others are deleted.
        """
        wanted = sorted(values)
        for start in range(0, len(wanted), _IDS_A_QUERY):
            some = wanted[start : start + _IDS_A_QUERY]
            async for found in self._pages(kind, predicate, variable, some):
                yield found

    async def _pages(
        self, kind: str, predicate: str, variable: str, values: list[str]
    ) -> AsyncIterator[Resource]:
        asked = frozenset(value.lower() for value in values)
        fixed = [("where", predicate), *((f"var.{variable}", v) for v in values)]
        fixed += [("sort", "id asc"), ("limit", str(PAGE)), ("withTotal", "false")]
        last = ""
        while True:
            after = [("where", "id > :last"), ("var.last", last)] if last else []
            answer = await self._api.call(
                f"query_{kind}",
                path={"projectKey": self._options.project_key},
                query=[*fixed, *after],
            )
            page = answer.parse(Page).results
            for found in page:
                if found.id <= last or not found.mentions(asked):
                    # An API that ignores the predicate would hand us everybody.
                    raise answer.unexpected()
                last = found.id
                yield found
            if len(page) < PAGE:
                return
