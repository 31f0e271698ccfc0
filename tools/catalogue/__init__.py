"""One example of every preset: the reference, the snapshots and the checks of the tests are made from it.

One module a family, named like it, with `ENTRIES`: function name to `Entry`.
"""
