-- Sends each request with the next token of a file; every request is written out before the first is sent

local requests = {}
local at = 0

function init(args)
  for token in io.lines(args[1]) do
    if #requests == tonumber(args[2]) then break end
    requests[#requests + 1] = wrk.format('GET', nil, { ['Authorization'] = 'Bearer ' .. token })
  end
  at = tonumber(args[3])
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format('RESULT %d %d %d %d %d\n', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failed))
end
