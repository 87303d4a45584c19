"""What foldproof costs, beside what its users would otherwise write; `make bench` runs `benchmarks.run`.

Part `fit`: `jobs` are handed as `work` (made by `rivals_work`, normalised by `preprocessing`, cut by `tensor_batches`)
to `lightning_loop`, `hand_loop` and `skorch_loop`, and as params to `population`; `rounds` lets the sides take turns,
`median_interval` and `agreement` judge. Parts `scale`, `overhead` and `gpu` are a module each. `results_file` keeps
what was measured in RESULTS.md. `make accuracy` runs `accuracy`, which stands alone.
"""
