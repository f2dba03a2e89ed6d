-- Records a processor's sign of life and answers what all that are alive say. Time is the server's: the
-- processors' clocks need not agree.
--
-- ARGV: 1 the processor, 2 its entry watermark in ms ('' unknown), 3 its exit watermark,
--       4 after how many ms of silence a processor holds nobody back,
--       5 after how many its outbox may be taken over,
--       6 all that it says, for those who understand it. Earlier versions look at 2 and 3, and say
--         nothing else.
-- Answers: {alive, rank, {gone...}, {entry watermark, exit watermark, all that it says or '', ...}}.

local processors, readings = 'carpark:processors', 'carpark:readings'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', processors, ARGV[1], now .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
redis.call('HSET', readings, ARGV[1], ARGV[6])

local alive, rank, gone, said = 0, 0, {}, {}
local all = redis.call('HGETALL', processors)
for i = 1, #all, 2 do
  local id = all[i]
  local beat, entries, exits = string.match(all[i + 1], '^(%d+) (%-?%d*) (%-?%d*)$')
  local silent = now - (tonumber(beat) or 0)
  if silent < tonumber(ARGV[4]) then
    alive = alive + 1
    if id < ARGV[1] then rank = rank + 1 end
    said[#said + 1] = entries
    said[#said + 1] = exits
    said[#said + 1] = redis.call('HGET', readings, id) or ''
  end
  if id ~= ARGV[1] and silent >= tonumber(ARGV[5]) then
    if redis.call('EXISTS', 'carpark:outbox:' .. id) == 1 then
      gone[#gone + 1] = id
    elseif silent >= tonumber(ARGV[4]) then
      redis.call('HDEL', processors, id)
      redis.call('HDEL', readings, id)
    end
  end
end
-- Left by one that a processor of an earlier version took out.
if redis.call('HLEN', readings) > redis.call('HLEN', processors) then
  for _, id in ipairs(redis.call('HKEYS', readings)) do
    if redis.call('HEXISTS', processors, id) == 0 then redis.call('HDEL', readings, id) end
  end
end
return { alive, rank, gone, said }
