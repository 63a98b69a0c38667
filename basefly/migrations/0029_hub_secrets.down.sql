drop table hub_secrets;
