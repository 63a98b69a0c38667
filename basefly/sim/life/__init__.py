"""What happens by itself in a simulated cluster: controllers, scheduler, kubelets, and the stories that befall them."""
