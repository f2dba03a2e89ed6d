-- Records a processor's sign of life and combines the watermarks of all that are alive. Time is
-- the server's: the processors' clocks need not agree.
--
-- ARGV: 1 the processor, 2 its entry watermark in ms ('' unknown), 3 its exit watermark,
--       4 after how many ms of silence a processor holds nobody back,
--       5 after how many its outbox may be taken over.
-- Answers: {entries, exits, alive, rank, {gone...}}, watermarks '' where one is unknown.

local processors = 'carpark:processors'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', processors, ARGV[1], now .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])

local alive, rank, gone = 0, 0, {}
local marks = { {}, {} }
local known = { true, true }
local all = redis.call('HGETALL', processors)
for i = 1, #all, 2 do
  local id = all[i]
  local beat, entries, exits = string.match(all[i + 1], '^(%d+) (%-?%d*) (%-?%d*)$')
  local silent = now - (tonumber(beat) or 0)
  if silent < tonumber(ARGV[4]) then
    alive = alive + 1
    if id < ARGV[1] then rank = rank + 1 end
    for kind, mark in ipairs({ entries, exits }) do
      if mark == '' then
        known[kind] = false
      elseif not marks[kind][1] or tonumber(mark) < tonumber(marks[kind][1]) then
        marks[kind][1] = mark
      end
    end
  end
  if id ~= ARGV[1] and silent >= tonumber(ARGV[5]) then
    if redis.call('EXISTS', 'carpark:outbox:' .. id) == 1 then
      gone[#gone + 1] = id
    elseif silent >= tonumber(ARGV[4]) then
      redis.call('HDEL', processors, id)
    end
  end
end
return { known[1] and marks[1][1] or '', known[2] and marks[2][1] or '', alive, rank, gone }
