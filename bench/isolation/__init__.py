"""`isolation`: a tenth of the clusters falls ill; what do those who look at the others feel of it?"""
