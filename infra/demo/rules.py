"""The rules of the demo shop: one that is live where it changes little, and a draft."""

from domain.records.rules import Rule, RulePlaces, RuleTarget

RULE_PLACEMENT = "newsletter"


def demo_rules() -> tuple[Rule, Rule]:
    """Return a boost in the newsletter only, and a pin that is not published."""
    return (
        Rule(
            rule_id="demo-rule-1",
            name="Camping season in the newsletter",
            action="boost",
            strength=2,
            target=RuleTarget(category=("outdoor/camping",)),
            where=RulePlaces(placements=(RULE_PLACEMENT,)),
            status="live",
        ),
        Rule(
            rule_id="demo-rule-2",
            name="String lights first",
            action="pin",
            position=1,
            target=RuleTarget(product_ids=("p-140",)),
            where=RulePlaces(placements=("home",), kinds=("popular",)),
        ),
    )
