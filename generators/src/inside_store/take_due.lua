-- Takes the vehicle that leaves first, if its time has come. KEYS: as in put.lua. ARGV: now in ms.
-- Answers plate, time in ms and exit as JSON or empty; or nothing.
local first = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, 1)
if not first[1] then
  return false
end
local exit = redis.call('HGET', KEYS[2], first[1])
redis.call('ZREM', KEYS[1], first[1])
if exit then
  redis.call('HDEL', KEYS[2], first[1])
end
return {first[1], first[2], exit or ''}
