-- The identifier behind each of some nodes.
SELECT reinterpretAsFixedString(node), toString(type), value
FROM ${store}.identifiers FINAL
WHERE node IN (SELECT reinterpretAsUUID(unhex(arrayJoin(%(nodes)s))))
