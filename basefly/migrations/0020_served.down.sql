drop index sync_streams_by_resource;
