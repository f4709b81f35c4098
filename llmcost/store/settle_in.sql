-- the bar would be printed on stdout; results would carry the zone of the machine
SET enable_progress_bar = false;
SET TimeZone = 'UTC'
