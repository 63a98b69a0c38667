alter table sync_streams drop column doubtful, drop column due;
