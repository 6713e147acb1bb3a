-- POST /api/auth/login/ of the given accounts in turn. An answer is a success, or says that there
-- are too many logins and when to come again.
local common = dofile(os.getenv("BENCH_LUA") .. "/common.lua")
local password = os.getenv("BENCH_PASSWORD")
local requests, at = {}, 0

function init()
  local headers = { Host = wrk.headers.Host, ["Content-Type"] = "application/json" }
  for i, name in ipairs(common.lines()) do
    local body = string.format('{"username":"%s","password":"%s"}', name, password)
    requests[i] = wrk.format("POST", "/api/auth/login/", headers, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

local function says_when(headers)
  for name in pairs(headers) do
    if name:lower() == "retry-after" then
      return true
    end
  end
  return false
end

function response(status, headers, body)
  if status == 200 and body:find('"refresh"', 1, true) then
    ok = ok + 1
  elseif status == 503 and says_when(headers) then
    unavailable = unavailable + 1
  else
    unexpected = unexpected + 1
  end
end
