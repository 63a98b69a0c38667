drop table rollups;
drop table sync_streams;
drop table objects;
drop function roll_up_objects();
drop extension if exists pg_trgm;
