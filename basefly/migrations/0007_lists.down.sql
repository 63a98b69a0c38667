drop index objects_events_by_last;
drop index objects_by_label;
drop index objects_by_namespace;
drop index objects_by_status;
drop index objects_by_age;
