-- GET /api/dashboard/ with the access tokens of all sessions in turn.
local tokens = dofile("pairs.lua")
local at = 0

function request()
  at = at % #tokens + 1
  return wrk.format("GET", "/api/dashboard/", { Authorization = "Bearer " .. tokens[at].access })
end
