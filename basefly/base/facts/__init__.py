"""What is known of the world that clusters run in: releases of Kubernetes, and where the regions of clouds lie."""
