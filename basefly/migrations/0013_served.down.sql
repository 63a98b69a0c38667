drop index sync_streams_troubled;
drop index sync_streams_by_resource;
