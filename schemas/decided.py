"""What a receipt says of wishes and rulings: their scope, in codes."""

from __future__ import annotations

from pydantic import Field

from schemas.connecting import Action, ActionClass
from schemas.fields import Code, Produced, Slug, UtcInstant
from schemas.recipients import Label


class ScopeNamed(Produced):
    """What the person limited the request to; an absent member limits nothing."""

    accounts: tuple[Slug, ...] | None = None
    record_classes: tuple[Code, ...] | None = None


class Ruled(Produced):
    """A person's decision: what, why and by which law; deciders are pseudonyms."""

    kind: Code = Field(
        description="held, released, approved, refused, refused_in_part, gate_opened, "
        "extended, identity_asked, identity_received, returned, erased_again, "
        "use_stopped, answer_unknown, answered, answered_anew."
    )
    at: UtcInstant
    by: tuple[Code, ...] = Field(min_length=1, description="Two where two were needed.")
    reason: Code | None = Field(default=None, description="A code, or the ground.")
    gate: Code | None = Field(default=None, description="The gate that was opened.")
    review_at: UtcInstant | None = Field(
        default=None, description="When a hold is looked at again; it ends by a ruling."
    )
    provision: Label | None = None
    action_classes: tuple[ActionClass, ...] = ()
    record_classes: tuple[Code, ...] = ()
    account: Slug | None = None
    action: Action | None = None
