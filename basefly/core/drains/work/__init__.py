"""The operation that drains: order by order, node by node, eviction by eviction."""
