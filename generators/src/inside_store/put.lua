-- A vehicle is inside. KEYS: vehicles by the time they leave (sorted set), exits that were made
-- and not confirmed by plate (hash). ARGV: plate, time in ms, exit as JSON or empty.
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
end
return 1
