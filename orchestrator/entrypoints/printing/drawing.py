"""Draw the order of an erasure: as text, as Graphviz's dot, or as Mermaid's chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from orchestrator.adapters.durations import duration_text
from orchestrator.core.tasks import GateReason
from orchestrator.core.words import Until
from orchestrator.core.work.order import Link, Order, Place

STAGES = (
    ("protect", "use is stopped, where an account can"),
    ("locate", "every account is searched, again where another one teaches it"),
    ("freeze", "what is found from here on is not touched"),
    ("copies", "sealed for this person in every open case, before anything is erased"),
)
# Drawn as arrows; the search of an account before its feeder's erasure is the same
# pair the other way round, and is told once in words.
_DRAWN = frozenset({GateReason.FEEDER, GateReason.OTHERS, GateReason.LOCATE})


def as_text(order: Order) -> Iterator[str]:
    """Yield the lines of a drawing for a terminal."""
    yield f"An erasure for {order.controller}, in this order:"
    yield ""
    for number, (stage, meaning) in enumerate(STAGES, start=1):
        yield f"{number}  {stage.ljust(8)} {_who(order, stage, meaning)}"
    for number, (_, some) in enumerate(_by_wave(order), start=len(STAGES) + 1):
        here = list(some)
        name = "root" if any(one.is_root for one in here) else "erase"
        for place in here:
            head = f"{number}  {name.ljust(8)}" if place is here[0] else " " * 11
            yield f"{head} {_named(place)}{_after(order, place)}"
    yield ""
    yield "before each erasure and notice: locate, export, cooling_off, hold"
    yield "a feeder is erased once the accounts that it feeds are located (fed_locate)"
    yield "a person may open fed_locate, feeder and others before the deadline:"
    for opens, some in groupby(
        sorted(order.places, key=lambda one: (one.opens, one.id)),
        key=lambda one: one.opens,
    ):
        names = ", ".join(one.id for one in some)
        yield f"  {duration_text(opens).rjust(4)} before: {names}"


def as_dot(order: Order) -> Iterator[str]:
    """Yield a graph for Graphviz."""
    yield "digraph order {"
    yield "  rankdir=LR; node [shape=box, style=rounded];"
    for stage, _ in STAGES:
        yield f'  "stage {stage}" [label="{stage}", shape=ellipse];'
    names = [stage for stage, _ in STAGES]
    for one, following in pairwise(names):
        yield f'  "stage {one}" -> "stage {following}";'
    for place in order.places:
        shape = "doubleoctagon" if place.is_root else "note" if place.is_told else "box"
        label = f"{place.id}\\n{place.category}, {place.role}\\n{_opens(place)}"
        yield f'  "{place.id}" [label="{label}", shape={shape}];'
        if place.wave == 1:
            yield f'  "stage {names[-1]}" -> "{place.id}";'
    for link in _drawn(order):
        style = ", style=dashed" if link.gate is GateReason.LOCATE else ""
        yield f'  "{link.earlier}" -> "{link.later}" [label="{_label(link)}"{style}];'
    yield "}"


def as_mermaid(order: Order) -> Iterator[str]:
    """Yield a flowchart that GitHub and GitLab draw."""
    yield "flowchart LR"
    names = [stage for stage, _ in STAGES]
    chain = " --> ".join(f"stage_{name}([{name}])" for name in names)
    yield f"  {chain}"
    for place in order.places:
        opening, closing = _shape(place)
        label = f"{place.id}<br/>{place.category}, {place.role}<br/>{_opens(place)}"
        yield f'  {_id(place.id)}{opening}"{label}"{closing}'
        if place.wave == 1:
            yield f"  stage_{names[-1]} --> {_id(place.id)}"
    for link in _drawn(order):
        arrow = "-.->" if link.gate is GateReason.LOCATE else "-->"
        yield f'  {_id(link.earlier)} {arrow}|"{_label(link)}"| {_id(link.later)}'


def _by_wave(order: Order) -> Iterator[tuple[int, Iterator[Place]]]:
    """Group the accounts by wave."""
    return groupby(order.places, key=lambda one: one.wave)


def _who(order: Order, stage: str, meaning: str) -> str:
    """Return a stage's meaning, with the accounts that it is about alone."""
    if stage == "protect":
        able = [one.id for one in order.places if one.is_protected]
        return f"{meaning}: {', '.join(able) or 'none of these can'}"
    if stage == "locate":
        taught = [link for link in order.links if link.gate is GateReason.LOCATE]
        told = "; ".join(
            f"{link.later} after {link.earlier} ({', '.join(link.identifiers)})"
            for link in taught
        )
        return f"{meaning}{': ' if told else ''}{told}"
    return meaning


def _named(place: Place) -> str:
    """Return an account with what it is."""
    what = "told" if place.is_told else place.mode
    return f"{place.id} ({place.category}, {place.role}, {what})"


def _after(order: Order, place: Place) -> str:
    """Return what an erasure waits for, in words."""
    if place.is_root:
        return " <- every other one accepted"
    feeding = [x for x in order.links_to(place.id) if x.gate is GateReason.FEEDER]
    awaited = {
        until: ", ".join(link.earlier for link in feeding if link.until is until)
        for until in Until
    }
    told = [f"{names} {until}" for until, names in awaited.items() if names]
    return f" <- {', '.join(told)}" if told else ""


def _drawn(order: Order) -> Sequence[Link]:
    """Return the links that are arrows; to the root only from the ends."""
    told = {place.id for place in order.places if place.is_told}
    feeding = [link for link in order.links if link.gate is GateReason.FEEDER]
    fed = {
        link.earlier
        for link in feeding
        if link.later not in told and link.until is not Until.LOCATED
    }
    return [
        link
        for link in order.links
        if link.gate in _DRAWN
        # Whoever has fed a processor is accepted before that one is.
        and not (link.gate is GateReason.OTHERS and link.earlier in fed)
    ]


def _label(link: Link) -> str:
    """Return the condition of a link, with what it teaches."""
    return ", ".join((f"{link.gate}: {link.until}", *link.identifiers))


def _opens(place: Place) -> str:
    """Return from when on a person may open an account's gates of order."""
    return f"opens {duration_text(place.opens)} before"


def _shape(place: Place) -> tuple[str, str]:
    """Return Mermaid's brackets of an account."""
    if place.is_root:
        return "{{", "}}"
    return (">", "]") if place.is_told else ("[", "]")


def _id(account: str) -> str:
    """Return a name that Mermaid cannot take for a word of its own."""
    return f"account_{account.replace('-', '_')}"
