"""Tables: the columns of each resource and the cells of each object, as `kubectl get` shows them."""
