"""Worked examples: small DVC pipelines of their own, beside foldproof's."""
