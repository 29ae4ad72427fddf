-- How many touchpoints are stored under some identifiers.
SELECT count()
FROM ${store}.facts FINAL
WHERE node IN (SELECT reinterpretAsUUID(unhex(arrayJoin(%(nodes)s))))
