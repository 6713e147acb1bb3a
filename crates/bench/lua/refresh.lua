-- POST /api/auth/token/refresh/: each answer's token is presented next, so that every request rotates.
local common = dofile(os.getenv("BENCH_LUA") .. "/common.lua")
local waiting, first, last = {}, 1, 0
local headers = { ["Content-Type"] = "application/json" }

local function wait(token)
  last = last + 1
  waiting[last] = token
end

function init()
  headers.Host = wrk.headers.Host
  for _, token in ipairs(common.lines()) do
    wait(token)
  end
end

function request()
  local token = waiting[first]
  if not token then
    -- Every token is on its way: there were too few. The count tells, and the run does not stand.
    starved = starved + 1
    return wrk.format("GET", "/", headers)
  end
  waiting[first] = nil
  first = first + 1
  return wrk.format("POST", "/api/auth/token/refresh/", headers, '{"refresh":"' .. token .. '"}')
end

function response(status, _, body)
  local token = status == 200 and body:match('"refresh":"([^"]+)"')
  if token then
    ok = ok + 1
    wait(token)
  else
    unexpected = unexpected + 1
  end
end
