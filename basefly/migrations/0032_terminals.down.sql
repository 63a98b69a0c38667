drop table terminal_chunks;
drop table terminal_recordings;
drop table terminal_settings;
