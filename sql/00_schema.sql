-- The schema itself: functions are open to everyone who can reach them.
GRANT USAGE ON SCHEMA crmcost TO PUBLIC;
