-- Takes the vehicles whose time has come, those that leave first, a number at most. KEYS: as in
-- put.lua. ARGV: now in ms, the number. Answers plate, time in ms and exit as JSON or empty, one
-- triple for each.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local taken = {}
for at = 1, #due, 2 do
  local plate = due[at]
  local exit = redis.call('HGET', KEYS[2], plate)
  redis.call('ZREM', KEYS[1], plate)
  if exit then
    redis.call('HDEL', KEYS[2], plate)
  end
  table.insert(taken, {plate, due[at + 1], exit or ''})
end
return taken
