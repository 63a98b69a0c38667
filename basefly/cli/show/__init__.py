"""How answers look: tables as kubectl draws them, values as people read them, whole documents as they are."""
