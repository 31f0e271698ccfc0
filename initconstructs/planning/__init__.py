"""Manifest → what its start-up does: order, cost, time, hand-offs (`plan`), failures (`simulate`), changes (`diff`)."""
