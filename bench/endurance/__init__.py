"""`endurance`: a fleet that changes for forty minutes with a tenth of it ill; what grows, and what slows down?"""
