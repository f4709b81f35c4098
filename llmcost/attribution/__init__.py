"""Who a request belongs to: agent, feature, user, plan, scope ... worked out when read, so a changed rule changes every report at once."""

from llmcost.attribution.lens import Lens, MatchRate, focus

__all__ = ["Lens", "MatchRate", "focus"]
