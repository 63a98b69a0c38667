-- To analyze a partition takes a second of a core, whatever its size: up to 30,000 rows, each column and each expression of
-- its indexes. At 500 changes a second that was every twenty seconds at 100,000 pods, and everybody waited for it. What
-- is rare and what is frequent among half of the rows stays so as a rule.
alter table objects_pods set (autovacuum_analyze_scale_factor = 0.5);
alter table objects_events set (autovacuum_analyze_scale_factor = 0.5);
alter table objects_replica_sets set (autovacuum_analyze_scale_factor = 0.5);
alter table objects_bindings set (autovacuum_analyze_scale_factor = 0.5);
alter table objects_other set (autovacuum_analyze_scale_factor = 0.5);
-- Every stream says once a minute that it lives, and nothing that a plan depends on changes by that.
alter table sync_streams set (autovacuum_analyze_scale_factor = 10);
