"""What Bitrix24's own dialog would do to a lead in its other variants than that of the plan. Pure; prediction only.

`documented` and `mobile` treat a lead alike (they differ in what a failure does to the rest), so two predictions cover all variants.
"""

from collections.abc import Mapping

from .context import Context, make_context
from .customfields import filled
from .model import LeadSnapshot, NativeOutcome, PortalFacts
from .native import predict
from .options import Options, Variant

CHOSEN, FIXED = "chosen", "fixed"
"""The two ways to treat a lead: as chosen in the dialog, or by the fixed scheme of older web versions."""
WAY: Mapping[str, str] = {
    Variant.DOCUMENTED.value: CHOSEN,
    Variant.MOBILE.value: CHOSEN,
    Variant.OLDER_WEB.value: FIXED,
}


def other_context(facts: PortalFacts, options: Options) -> Context:
    """The context for `other` of a plan with these options; made once for all its leads."""
    variant = Variant.OLDER_WEB if WAY[options.variant.value] == CHOSEN else Variant.DOCUMENTED
    return make_context(facts, options.model_copy(update={"variant": variant}))


def other(lead: LeadSnapshot, context: Context) -> NativeOutcome:
    """The prediction in the way that the plan's own variant does not take; `context` is that of `other_context`."""
    held = filled(context.facts.user_fields.get("lead", ()), lead.fields)
    return predict(lead, context, held)
