"""Compare the lists with other libraries and published models: `make bench-quality` writes the tables of docs/quality.md.

All models of a table train on the same events, rank the same products for the same customers, and are measured by the
functions of `domain.evaluation.metrics`.
"""
