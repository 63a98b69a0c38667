alter table sync_streams reset (autovacuum_analyze_scale_factor);
alter table objects_other reset (autovacuum_analyze_scale_factor);
alter table objects_bindings reset (autovacuum_analyze_scale_factor);
alter table objects_replica_sets reset (autovacuum_analyze_scale_factor);
alter table objects_events reset (autovacuum_analyze_scale_factor);
alter table objects_pods reset (autovacuum_analyze_scale_factor);
