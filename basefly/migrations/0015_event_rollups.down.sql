drop trigger events_added on objects;
drop trigger events_changed on objects;
drop trigger events_gone on objects;
drop function count_events();
drop function unfold_event(text, jsonb);
drop table event_rollups;
