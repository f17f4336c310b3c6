"""Tables that are not held in memory whole: read block by block, identified by sums, judged by a sample.

Imports the rest of `data`. Read `row_sums`, `lowest_hashes`, `stretch`, `streamed`.
"""
