"""What someone may: organizations, members, roles; a request becomes a Principal here."""
