drop table audit_records;
drop function basefly_append_only();
drop table throttles;
drop table setup_links;
drop table api_tokens;
drop table sessions;
drop table members;
drop table users;
