drop table history_settings;
drop table object_versions;
