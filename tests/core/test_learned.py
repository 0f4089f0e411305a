"""What a record teaches of a person, and what it may not."""

from __future__ import annotations

from orchestrator.core.work.learned import news_of
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, Identifier

YIELDS = frozenset({EMAIL, PHONE})


def test_learned_value_is_searched_for_in_its_one_spelling() -> None:
    """Another spelling of what is known is no news."""
    learned = [
        Identifier(EMAIL, " Ada@Example.com"),
        Identifier(EMAIL, "Ada@Shop.example"),
        Identifier(PHONE, "+33 1 99 00 01 01"),
        Identifier(PHONE, "+33199000101"),
    ]

    news = news_of(learned, YIELDS, {Identifier(EMAIL, "ada@example.com")})

    assert news.identifiers == (
        Identifier(EMAIL, "ada@shop.example"),
        Identifier(PHONE, "+33199000101"),
    )
    assert news.refused == frozenset()


def test_value_of_an_undeclared_type_teaches_nothing() -> None:
    """An account teaches what its connector and the register say, no more."""
    news = news_of([Identifier(CUSTOMER_ID, "C-1")], YIELDS, ())

    assert news.identifiers == ()


def test_unusable_value_is_refused_by_its_type() -> None:
    """A national number without a country could be a stranger's."""
    learned = [Identifier(PHONE, "01 99 00 01 01"), Identifier(EMAIL, "n/a")]

    news = news_of(learned, YIELDS, ())

    assert (news.identifiers, news.refused) == ((), YIELDS)
