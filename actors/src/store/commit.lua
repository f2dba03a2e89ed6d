-- Commits a batch of changes: for each plate its record if the expected version stands, the
-- indexes, and the outbox entries. One call, one atomic step, one sync of the append-only file.
--
-- KEYS: the plates.
-- ARGV: 1 the processor, 2 the retention in ms, then for each plate
--   expected, version, record, entry_time, enter_data, exit_data,   ('' where there is none)
--   open ('+' came in, '-' went out, '=' as before), due on entries, due on exits
--   ('' as before, '-' none, else ms), expires ('1' | '0'), n, then n times key and value.
-- Answers for each plate: 1 stored | the record that stands | {reason}.

local outbox, retention = 'carpark:outbox:' .. ARGV[1], ARGV[2]
local due_entries, due_exits = 'carpark:due:entries', 'carpark:due:exits'
local call = redis.call
local at = 3
local answers = {}

local function index(key, plate, change)
  if change == '-' then
    call('ZREM', key, plate)
  elseif change ~= '' then
    call('ZADD', key, change, plate)
  end
end

-- A processor that dies before its first sign of life must be found with what it leaves behind.
if call('HEXISTS', 'carpark:processors', ARGV[1]) == 0 then
  local time = call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  call('HSET', 'carpark:processors', ARGV[1], now .. '  ')
end

for i, plate in ipairs(KEYS) do
  local expected, version, record = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local n = tonumber(ARGV[at + 10])
  local first = at + 11
  local stands = redis.pcall('HGET', plate, 'version')
  if type(stands) == 'table' then
    answers[i] = { stands.err }
  elseif (stands or '0') == expected then
    local entry_time, enter_data, exit_data = ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
    if entry_time == '' then
      call('HSET', plate, 'version', version, 'record', record, 'parking_exit_data', exit_data)
    elseif exit_data == '' then
      call('HSET', plate, 'version', version, 'record', record, 'entry_time', entry_time, 'parking_enter_data', enter_data)
    else
      call('HSET', plate, 'version', version, 'record', record, 'entry_time', entry_time, 'parking_enter_data', enter_data, 'parking_exit_data', exit_data)
    end
    if expected ~= '0' then
      if entry_time == '' then call('HDEL', plate, 'entry_time', 'parking_enter_data') end
      if exit_data == '' then call('HDEL', plate, 'parking_exit_data') end
    end
    local open = ARGV[at + 6]
    if open == '+' then
      call('SADD', 'entry_plates', plate)
    elseif open == '-' then
      call('SREM', 'entry_plates', plate)
    end
    index(due_entries, plate, ARGV[at + 7])
    index(due_exits, plate, ARGV[at + 8])
    if ARGV[at + 9] == '1' then
      call('PEXPIRE', plate, retention)
    elseif expected ~= '0' then
      call('PERSIST', plate)
    end
    if n > 0 then
      call('HSET', outbox, unpack(ARGV, first, first + 2 * n - 1))
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
  at = first + 2 * n
end
return answers
