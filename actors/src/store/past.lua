-- Where plates wait for a place's past to have come in. `carpark:past` says it of each plate, a line for
-- each watermark and place: 'e' or 'x', the time in ms, a space, the place. The indexes of the places
-- follow from it, and `carpark:past:places` names those that have one.
local function wait_for_past(plate, text)
  local call = redis.call
  local keys = { e = 'carpark:past:entries:', x = 'carpark:past:exits:' }
  local lines = '([ex])(%-?%d+) ([^\n]+)'
  for kind, _, place in string.gmatch(call('HGET', 'carpark:past', plate) or '', lines) do
    call('ZREM', keys[kind] .. place, plate)
    if call('EXISTS', keys.e .. place, keys.x .. place) == 0 then
      call('SREM', 'carpark:past:places', place)
    end
  end
  for kind, at, place in string.gmatch(text, lines) do
    call('ZADD', keys[kind] .. place, at, plate)
    call('SADD', 'carpark:past:places', place)
  end
  if text == '' then
    call('HDEL', 'carpark:past', plate)
  else
    call('HSET', 'carpark:past', plate, text)
  end
end
