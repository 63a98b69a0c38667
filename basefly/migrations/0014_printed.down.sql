alter table sync_streams drop column printed;
