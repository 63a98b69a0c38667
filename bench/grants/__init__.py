"""Random edits of grants: nobody ever exceeds the one who granted."""
