-- Commits a batch of changes: for each plate its record if the expected version stands, the
-- indexes, and the outbox entries. One call, one atomic step, one sync of the append-only file.
--
-- KEYS: the plates.
-- ARGV: 1 the processor, 2 the retention in ms, then for each plate
--   expected, version, record, entry_time, enter_data, exit_data, open, due on entries, due on exits,
--   past, expires, n, then n times key and value. Of most of them '' means "as before" and '-' "none":
--   open: '+' came in, '-' went out; due: in ms; past: see past.lua; expires: '+' after the retention, '-'
--   not any more.
-- Answers for each plate: 1 stored | the record that stands | {reason}.
--
-- A command costs more than what it says. So what goes to the same key is gathered over the batch
-- and said at once; where a plate stands in it twice, the later word counts.

local outbox_key, retention = 'carpark:outbox:' .. ARGV[1], ARGV[2]
local call = redis.call
local at = 3
local answers = {}
local open, due_entries, due_exits, outbox = {}, {}, {}, {}

-- Lua's stack does not hold more arguments than some thousands.
local function say(command, key, arguments)
  for first = 1, #arguments, 1000 do
    call(command, key, unpack(arguments, first, math.min(first + 999, #arguments)))
  end
end

local function say_index(key, due)
  local set, gone = {}, {}
  for plate, at in pairs(due) do
    if at == '-' then
      gone[#gone + 1] = plate
    else
      set[#set + 1] = at
      set[#set + 1] = plate
    end
  end
  say('ZADD', key, set)
  say('ZREM', key, gone)
end

-- A processor that dies before its first sign of life must be found with what it leaves behind.
if call('HEXISTS', 'carpark:processors', ARGV[1]) == 0 then
  local time = call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  call('HSET', 'carpark:processors', ARGV[1], now .. '  ')
end

for i, plate in ipairs(KEYS) do
  local expected, version, record = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local first, last = at + 12, at + 11 + 2 * tonumber(ARGV[at + 11])
  local stands = redis.pcall('HGET', plate, 'version')
  if type(stands) == 'table' then
    answers[i] = { stands.err }
  elseif (stands or '0') == expected then
    local entry_time, enter_data, exit_data = ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
    local has_entry = entry_time ~= '' and entry_time ~= '-'
    local has_exit = exit_data ~= '' and exit_data ~= '-'
    if has_entry and has_exit then
      call('HSET', plate, 'version', version, 'record', record, 'entry_time', entry_time, 'parking_enter_data', enter_data, 'parking_exit_data', exit_data)
    elseif has_entry then
      call('HSET', plate, 'version', version, 'record', record, 'entry_time', entry_time, 'parking_enter_data', enter_data)
    elseif has_exit then
      call('HSET', plate, 'version', version, 'record', record, 'parking_exit_data', exit_data)
    else
      call('HSET', plate, 'version', version, 'record', record)
    end
    if entry_time == '-' then call('HDEL', plate, 'entry_time', 'parking_enter_data') end
    if exit_data == '-' then call('HDEL', plate, 'parking_exit_data') end

    local expires = ARGV[at + 10]
    if expires == '+' then
      call('PEXPIRE', plate, retention)
    elseif expires == '-' then
      call('PERSIST', plate)
    end

    if ARGV[at + 6] ~= '' then open[plate] = ARGV[at + 6] end
    if ARGV[at + 7] ~= '' then due_entries[plate] = ARGV[at + 7] end
    if ARGV[at + 8] ~= '' then due_exits[plate] = ARGV[at + 8] end
    local past = ARGV[at + 9]
    if past ~= '' then wait_for_past(plate, past == '-' and '' or past) end
    for argument = first, last do
      outbox[#outbox + 1] = ARGV[argument]
    end
    answers[i] = 1
  else
    local standing = call('HGET', plate, 'record')
    if stands == version and standing == record then
      answers[i] = 1 -- by an earlier call whose answer was lost
    else
      answers[i] = standing or '' -- nothing stands: it expired, or was erased
    end
  end
  at = last + 1
end

say('HSET', outbox_key, outbox)
local came, went = {}, {}
for plate, change in pairs(open) do
  local list = change == '+' and came or went
  list[#list + 1] = plate
end
say('SADD', 'entry_plates', came)
say('SREM', 'entry_plates', went)
say_index('carpark:due:entries', due_entries)
say_index('carpark:due:exits', due_exits)
return answers
