drop table cluster_credentials;
drop table clusters;
