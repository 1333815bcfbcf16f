"""How good the lists are beside those of other libraries: `make bench-quality` makes the tables of docs/quality.md.

Every model of a table answers the same question: trained on the same events, it ranks the same products for the same
customers, and is measured by the functions of `domain.evaluation.metrics`.
"""
