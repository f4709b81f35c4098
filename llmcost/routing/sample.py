"""Which requests to evaluate before a policy is switched on: a stratified sample of those that it would move."""

from __future__ import annotations

from llmcost.config import Config
from llmcost.figures import count
from llmcost.model import Column, Table
from llmcost.pricing.catalogue import Catalogue
from llmcost.resources import sql
from llmcost.routing.placed import Question
from llmcost.routing.policy import Policy
from llmcost.routing.replay import plan
from llmcost.routing.simulate import alias, rule_name
from llmcost.routing.targets import find
from llmcost.store import Store


def sample(
    store: Store, config: Config, policy: Policy, catalogue: Catalogue, question: Question, number: int
) -> Table:
    """llmcost.sample/1: ids of requests that would move, by rule, feature and model; the same ids for the same log and seed."""
    made = plan(store, config, policy, find(policy, catalogue), question)
    text = sql("routing/sample.sql").format(billed=made.billed)
    found = store.rows(text, made.placed.params | {"number": number, "seed": str(policy.seed)})
    columns = [
        Column("request_id", "text"),
        Column("rule", "text"),
        Column("feature", "text"),
        Column("logged", "text"),
        Column("to", "text"),
        Column("of", "count", "of so many", brief=False),
    ]
    rows = [
        [request_id, rule_name(made, rule), feature, logged, alias(made.targets, target), size]
        for request_id, rule, feature, logged, target, size in found
    ]
    kinds = len({(rule, feature, logged, target) for _, rule, feature, logged, target, _ in found})
    notes = [
        f"{count(len(rows))} requests of {count(kinds)} kinds",
        "answer them on the other model, score both answers, and join the scores by enrich: {file, on: request_id, set: [scores]}",
    ]
    if not rows:
        notes = ["the policy moves no request of this log to another model"]
    head = {"policy": policy.name, "seed": policy.seed}
    return Table("llmcost.sample/1", f"To evaluate before {policy.name}", columns, rows, head=head, notes=notes)
