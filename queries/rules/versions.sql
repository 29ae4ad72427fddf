-- Every version of the rules that was applied or has folded a touchpoint, and how many it has folded last.
SELECT version, toUnixTimestamp64Milli(applied_at), touchpoints, seq
FROM ${views}.rules
ORDER BY version
